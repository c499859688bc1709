"""Whoever keeps of each user the membership with the greatest version has where she stands, whatever crashes, and
whatever the clocks of workers say: that of whoever begins anew may be far behind that of the worker before.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.core.engine.decoding import Memberships
from streams.outputs.membership import Membership, decode_membership, decode_segments
from streams.state.format import MEMBERSHIPS
from streams.state.memory import MemoryStore
from streams.state.store import Store
from tests.rulebooks import rulebook
from tests.runtime.lives import HOW, Crash, Owner
from tests.runtime.world import World, lose

RULES: Final = rulebook(open='count("Opened") > count("Closed")', printed='count("Printed") >= 1')
USERS: Final = ("dan", "max")  # at home in shard 1 of two
MINUTE_MS: Final = 60_000


class Does(NamedTuple):
    """Something happens, and a worker comes to it; at, how: around which of its steps what befalls it, if anything."""

    user: str
    name: str
    at: int | None = None
    how: str = HOW[0]


class Clock(NamedTuple):
    """That of the next worker is by so many ms before that of the last one, or after it."""

    ms: int


class Lost(NamedTuple):
    """Redis has nothing any more."""


Item = Does | Clock | Lost
DOES: Final = st.builds(
    *(Does, st.sampled_from(USERS), st.sampled_from(["Opened", "Closed", "Printed"])),
    *(st.none() | st.integers(0, 14), st.sampled_from(HOW)),
)
CLOCKS: Final = st.builds(Clock, st.integers(-MINUTE_MS, MINUTE_MS))
ITEMS: Final[st.SearchStrategy[Sequence[Item]]] = st.lists(st.one_of(DOES, DOES, CLOCKS, st.just(Lost())), max_size=12)
OPENS, CLOSES, BACK, ALL = Does("dan", "Opened"), Does("dan", "Closed"), Clock(-MINUTE_MS), Lost()


@pytest.mark.usefixtures("at_once")
@given(ITEMS)
@example([OPENS, BACK, ALL, CLOSES])
@example([OPENS, BACK, ALL])
async def test_the_greatest_says_where_a_user_stands(items: Sequence[Item]) -> None:
    kept = MemoryStore()
    world = World(kept.shards)
    for item in items:
        match item:
            case Clock(ms):
                world.now_ms += ms
            case Lost():
                await lose(kept)
            case Does(user, name, at, how):
                world.event(user, name)
                with suppress(Crash):
                    await Owner(world, RULES, at, how).live()
    await Owner(world, RULES).live()
    for user in USERS:
        newest = max(told(world, user), key=lambda each: each.version, default=None)
        assert (newest.segments if newest else {}) == await stored(kept, user)


def told(world: World, user: str) -> list[Membership]:
    """In order; a version says one thing, and comes after those that are smaller."""
    found = [each.value for each in world.of("segment-memberships") if each.key == user.encode()]
    said = [decode_membership(value or b"") for value in dict.fromkeys(found)]
    versions = [each.version for each in said]
    assert versions == sorted(set(versions))
    return said


async def stored(kept: Store, user: str) -> Memberships:
    return decode_segments(await kept.shards.get(1, MEMBERSHIPS, user))
