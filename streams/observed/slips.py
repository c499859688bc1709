"""Names of billing updates that are a slip of the pen away from those that mean something, for `check --seen`.

Comes in: what was read. Goes out: the name that was most likely meant. Such an update is taken as it is, an event and
no more: whoever sent it should know.
"""

from collections.abc import Iterator
from typing import Final

from streams.core.profiles.ledger import BILLING_EVENTS
from streams.log import counted
from streams.observed.names import ObservedNames
from streams.printable import printable
from streams.sources.warnings import event_meant, property_meant

MOST: Final = 20  # that are told of


def slips(seen: ObservedNames) -> Iterator[str]:
    """What to say of those that were read."""
    for name, count in seen.events.counts.items():
        if meant := event_meant(name):
            often = counted(count, "time")
            yield f'"{printable(name)}" was read {often}: was "{meant}" meant, which changes subscriptions?'
    for event in BILLING_EVENTS:
        for name in seen.properties[event].counts if event in seen.properties else ():
            if meant := property_meant(name):
                yield f'"{printable(name)}" of "{event}" was read: was "{meant}" meant?'
