"""Made-up lives of users, some of whom become others."""

from typing import Final

from hypothesis import strategies as st
from msgspec.structs import replace

from streams.core.events import Event
from tests import strategies as made
from tests.oracle import Merge
from tests.strategies.histories import moments

USERS: Final = ("ann", "bob", "cy")
Item = Event | Merge | int


@st.composite
def lives(draw: st.DrawFn) -> list[Item]:
    """Arrivals, with merges among them. No two users have anything of one millisecond, and nobody is in a group: what
    is known of one that was left goes by the order of arrival."""
    known: set[str] = set()
    gone: dict[str, str] = {}
    items: list[Item] = []
    for arrival in draw(made.arrivals()):
        if isinstance(arrival, Event):
            arrival = replace(arrival, ts=arrival.ts // 4 * 4 + USERS.index(arrival.subject))
            if any(name.startswith("group.") for name in arrival.traits):
                continue
            known.add(gone.get(arrival.subject, arrival.subject))
        items.append(arrival)
        if len(known) > 1 and draw(st.integers(0, 5)) == 0:
            one, into = draw(st.permutations(sorted(known)))[:2]
            known.remove(one)
            gone = {user: into if now == one else now for user, now in gone.items()} | {one: into}
            items.append(Merge(one, into, draw(moments), f"merge {one}"))
    return items
