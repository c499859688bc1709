"""Names of billing updates that are a slip of the pen away from those that mean something.

Comes in: names of events and of the properties of billing updates. Goes out: the name that was most likely meant. Such
an update is taken as it is, an event and no more: whoever sent it should know.
"""

from collections.abc import Iterator
from functools import cache
from typing import Final

from streams.core.language.slips import is_slip
from streams.core.profiles.ledger import LEDGER_EVENTS, PROPERTIES
from streams.observed.names import ObservedNames
from streams.printable import printable

BILLING_EVENTS: Final = (*LEDGER_EVENTS, "Invoice Paid", "Payment Failed", "Refund Issued")
MOST: Final = 20  # that are told of


@cache
def event_meant(name: str) -> str | None:
    """
    >>> event_meant("Subscription Strated"), event_meant("Subscription Started"), event_meant("Signed In")
    ('Subscription Started', None, None)
    """
    return _meant(name, BILLING_EVENTS)


@cache
def property_meant(name: str) -> str | None:
    """
    >>> property_meant("trialEnd"), property_meant("trial_end"), property_meant("seat_color")
    ('trial_end', None, None)
    """
    return _meant(name, PROPERTIES)


def _meant(name: str, known: tuple[str, ...]) -> str | None:
    return None if name in known else next((each for each in known if is_slip(name, each)), None)


def slips(seen: ObservedNames) -> Iterator[str]:
    """What to say of those that were read."""
    for name, count in seen.events.counts.items():
        if meant := event_meant(name):
            yield f'"{printable(name)}" was read {count:,} times: was "{meant}" meant, which changes subscriptions?'
    for event in BILLING_EVENTS:
        for name in seen.properties[event].counts if event in seen.properties else ():
            if meant := property_meant(name):
                yield f'"{printable(name)}" of "{event}" was read: was "{meant}" meant?'
