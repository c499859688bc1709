"""Who is in a segment, as workers have stored it.

Comes in: a segment, whether its rule is in shadow, and Redis. Goes out: its members in the order of their ids, a page
or all of them, each with since when she is in.
"""

from collections.abc import AsyncIterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

from streams.admin.sorting import Sorter
from streams.outputs.membership import decode_segments
from streams.state.collection import Collection
from streams.state.format import MEMBERS, MEMBERSHIPS, SHADOW_MEMBERS
from streams.state.store import Store

AT_ONCE: Final = 2_000  # so many are read in one go of all: their memberships are some hundred KB


class Member(NamedTuple):
    """since_ms: when the user entered; None where that is not known: she left, or came, while we read; or the rule is
    in shadow."""

    user: str
    since_ms: int | None


async def page(
    store: Store, segment: str, after: str = "", most: int = 100, in_shadow: bool = False, containing: str = ""
) -> list[Member]:
    """The first members whose ids come after this one; the last of them is what the next page comes after. containing:
    of those alone in whose id this stands.

    All ids of the segment are looked at for each page: of a million in about a second.
    """
    found = await store.shards.members_after(segment, after, most, _set(in_shadow), containing)
    return await _with_since(store, segment, found)


async def everyone(store: Store, segment: str, in_shadow: bool = False) -> AsyncIterator[list[Member]]:
    """All of them, piece by piece: of millions hardly more is held than of some ten thousand."""
    of = _set(in_shadow)
    with Sorter() as found:
        for shard in await store.shards.all():
            async for users in store.shards.each_member(shard, segment, of):
                found.add((user, shard) for user in users)
        places = found.in_order()
        while some := list(islice(places, AT_ONCE)):
            yield await _with_since(store, segment, [(shard, user) for user, shard in some])


def _set(in_shadow: bool) -> Collection[str, str]:
    return SHADOW_MEMBERS if in_shadow else MEMBERS


async def _with_since(store: Store, segment: str, places: Sequence[tuple[int, str]]) -> list[Member]:
    by_shard: dict[int, list[str]] = {}
    for shard, user in places:
        by_shard.setdefault(shard, []).append(user)
    since: dict[str, int | None] = {}
    for shard, users in by_shard.items():
        for user, raw in (await store.shards.values(shard, MEMBERSHIPS, users)).items():
            since[user] = decode_segments(raw).get(segment, (None, 0))[0]
    return [Member(user, since.get(user)) for _, user in places]
