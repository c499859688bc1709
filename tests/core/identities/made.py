"""Events that have to do with aliases and merges, as their decoders make them, and rules that count them."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from streams.core.engine.shard import Shard
from streams.core.events import Event, Value
from streams.core.links import How, Link, Linking, Place, Unlinked
from streams.core.merges import Merge
from tests.rulebooks import rulebook

DAY = 86_400_000
KEEP = 90 * DAY
RULES: Final = rulebook(busy="count(any) >= 3", idle="idle_days >= 2", known="count(any) >= 1")


def at(offset: int, source: str = "product-events/0") -> Place:
    return Place(source, offset)


def under(alias: str, ts: int, name: str = "Page Viewed", **properties: Value) -> Event:
    """A record that names an alias alone."""
    return Event(alias, ts, name, True, f"{alias}-{ts}", properties, {}, identity=Unlinked())


def state(customer: str, ts: int, subscription: str = "sub_1", order: int = 2, **properties: Value) -> Event:
    """An update of Stripe's that names its customer alone."""
    said: dict[str, Value] = {"subscription_id": subscription, "customer": customer, "status": "active", "mrr": 10.0}
    said |= properties
    return Event(
        customer, ts, "Subscription Updated", False, f"evt_{subscription}_{ts}", said, {}, True, order, Unlinked()
    )


def of(user: str, ts: int, *aliases: str, how: How = How.ANONYMOUS, name: str = "Signed In") -> Event:
    """A record of a user that bears aliases."""
    links = tuple(Link(alias, how) for alias in aliases)
    return Event(user, ts, name, True, f"{user}-{ts}", {}, {}, identity=Linking(links) if links else None)


def times(events: Sequence[Event]) -> list[int]:
    return [event.ts for event in events]


def merge(gone: str, into: str, ts: int, written: int = 0) -> Event:
    return Event(gone, ts, "", False, f"merge {gone}", {}, {}, identity=Merge(into, written))


def second(into: str, ts: int = 4, written: int = 0) -> Event:
    """One more command about bob, while the first waits."""
    return replace(merge("bob", into, ts, written), message_id=f"into {into}")


def counted(shard: Shard, user: str) -> int:
    """How many events were counted of a user."""
    [field] = [field for field in shard.catalog.fields if field.name == "count any"]
    row = shard.table.find(user)
    return 0 if row is None else int(shard.table.memory.words[row, field.start])
