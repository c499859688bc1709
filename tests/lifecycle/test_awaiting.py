"""A version that reads what was not kept before is live once its past is there, in both stores."""

import sys
from contextlib import suppress
from typing import Any, Final

import pytest
from msgspec.structs import replace

from streams.errors import SegmenterError
from streams.lifecycle.applying import Moved, apply
from streams.lifecycle.awaiting import Made, Progress, made_before, make_live, progress, settle, tell, told
from streams.lifecycle.checking import check_files
from streams.lifecycle.following import Followed
from streams.lifecycle.moves import Move
from streams.lifecycle.versions import Version, ahead, history, live
from streams.settings import Settings
from streams.state.format import SETTLED
from streams.state.store import GroupStore, Store
from streams.terminal.versions import history_in_words
from tests.lifecycle.pasts import lose_all, made_pasts

SEEN = {"seen.yaml": 'segment: seen\nenter: count("Page Viewed") >= 3\n'}
MORE = {"seen.yaml": 'segment: seen\nenter: count("Page Viewed") >= 5\n'}
HELLO = "message: hello\non: enters seen\nchannel: log\ntitle: Hello\nbody: Good to see you\n"
BOUGHT = SEEN | {"bought.yaml": 'segment: bought\nenter: count("Order Paid") >= 1\n'}


async def applied(group: GroupStore, files: dict[str, str], *, at_once: bool = False) -> Version:
    after = await live(group)
    return await apply(group, check_files(files), after=after, author="ann", note="", at_ms=1, at_once=at_once)


async def running(kept: Store) -> GroupStore:
    """A group of two shards, in which something is live."""
    await kept.group.put(SETTLED, "partitions", b"2")
    await applied(kept.group, SEEN)
    return kept.group


EPOCH: Final = 7
READY: Final = Made(10, 10, is_ready=True, epoch=EPOCH)


class Emptied:
    """A group's or a shard's store; Redis is emptied before the call of this number, of all that are made."""

    def __init__(self, kept: Store, at: int):
        self._kept, self._left = kept, at

    def of(self, store: Any) -> Any:
        return _Emptied(self, store)

    async def call(self) -> None:
        self._left -= 1
        if self._left < 0:
            self._left = sys.maxsize
            await lose_all(self._kept)


class _Emptied:
    def __init__(self, emptied: Emptied, store: Any):
        self._emptied, self._store = emptied, store

    def __getattr__(self, name: str) -> Any:
        async def asked(*arguments: Any, **named: Any) -> Any:
            await self._emptied.call()
            return await getattr(self._store, name)(*arguments, **named)

        return asked


@pytest.mark.parametrize("at", range(12))
async def test_it_is_live_by_no_past_that_redis_has_lost_at_whatever_step_it_was_emptied(kept: Store, at: int) -> None:
    """A worker tells what it knows, and has the version be live; the rules are put back, and it does so again."""
    group, ours = await running(kept), {0: READY, 1: READY}
    second, room = await applied(group, BOUGHT), await made_pasts(kept, 2, EPOCH)
    worker = Followed(group, Settings())
    await worker.begin(at_ms=1)
    await worker.look()
    emptied = Emptied(kept, at)
    group_then, room_then = emptied.of(group), emptied.of(room)
    assert await settle(group_then, room_then, second, await told(group_then, 2, ours)) == ""
    await emptied.call()
    if (await ahead(group)).live is not None:
        assert at > 7, "it was live, and is put back so"
        return
    await worker.look()
    assert await settle(group, room, second, await told(group, 2, ours)) == ""
    assert (await ahead(group)).awaited == second, "what is not there is not ready, whoever says so"
    await made_pasts(kept, 2, EPOCH + 1)
    assert await settle(group, room, second, await told(group, 2, ours)) == ""
    assert (await ahead(group)).awaited == second, "it was begun anew, and is not what was ready"
    ours = dict.fromkeys(range(2), replace(READY, epoch=EPOCH + 1))
    assert await settle(group, room, second, await told(group, 2, ours)) == ""
    live_now = await live(group)
    assert live_now is not None
    assert (live_now.number, live_now.has_past, live_now.past_of) == (2, True, 2)


@pytest.mark.parametrize("at", range(9))
async def test_what_is_applied_while_redis_is_emptied_never_comes_without_the_past_that_it_reads(
    kept: Store, at: int
) -> None:
    group = await running(kept)
    worker = Followed(group, Settings())
    await worker.begin(at_ms=1)
    await worker.look()
    after, emptied = await live(group), Emptied(kept, at)
    with suppress(SegmenterError):
        await apply(emptied.of(group), check_files(BOUGHT), after=after, author="ann", note="", at_ms=1)
    await worker.look()
    there = await ahead(group)
    assert there.live == after
    assert there.awaited is None or there.awaited.number == 2


async def test_it_is_live_once_all_shards_are_ready(kept: Store) -> None:
    group = await running(kept)
    first, second = await live(group), await applied(group, BOUGHT)
    assert second.awaits
    assert await ahead(group) == (first, second, None)
    await tell(group, 2, 0, Made(5, 10, is_ready=True))
    found = await progress(group, 2)
    assert (found.ready, found.is_done, found.share) == (1, False, 0.25)
    await tell(group, 2, 1, Made(10, 10, is_ready=True))
    assert (await progress(group, 2)).is_done
    await make_live(group, second)
    await make_live(group, second)
    assert [(each.number, each.awaits) for each in await history(group)] == [(2, False), (1, False)]
    assert (await ahead(group)).awaited is None


@pytest.mark.parametrize(
    ("made", "left_s", "says"),
    [
        ({}, None, "no worker has begun to make it"),
        ({0: Made(5, 10, a_second=1)}, None, "25% read, 0 of 2 shards ready"),
        ({0: Made(5, 10), 1: Made(5, 10, a_second=1)}, None, "50% read, 0 of 2 shards ready"),
        (
            {0: Made(100, 400, a_second=1), 1: Made(5, 10, is_ready=True)},
            300,
            "26% read, 1 of 2 shards ready, about 5 minutes more",
        ),
        ({0: Made(9, 10, is_ready=True), 1: Made(9, 10, is_ready=True)}, 0, "90% read, 2 of 2 shards ready"),
    ],
)
def test_how_far_it_is_and_how_long_it_takes_is_told_as_far_as_anybody_knows(
    made: dict[int, Made], left_s: float | None, says: str
) -> None:
    found = Progress(2, made)
    assert (found.left_s, str(found)) == (left_s, says)


@pytest.mark.parametrize(("enter", "is_refused"), [(1, False), (2, True)])
async def test_what_would_move_too_much_is_refused_once_for_all_shards_and_what_was_live_stays_so(
    kept: Store, enter: int, is_refused: bool
) -> None:
    group = await running(kept)
    first = await live(group)
    second = await apply(group, check_files(BOUGHT), after=first, author="ann", note="", at_ms=1, max_change=0.2)
    room = await made_pasts(kept, 2, EPOCH)
    ready = replace(READY, moves={"seen": Move(4, enter, 0), "left": Move(9, 0, 0)})
    await tell(group, 2, 0, ready)
    await tell(group, 2, 1, READY)
    assert await settle(group, room, second, await progress(group, 2)) == "", "one shard has not counted"
    assert (await ahead(group)).awaited == second
    await tell(group, 2, 1, replace(READY, moves={"seen": Move(2, 0, 0)}))
    found = await progress(group, 2)
    said = await settle(group, room, second, found)
    assert await settle(group, room, second, found) == "", "another has decided"
    there = await ahead(group)
    if not is_refused:
        assert (said, there.awaited, there.refused) == ("", None, None)
        assert there.live is not None
        assert there.live.number == 2
        return
    assert "it would move more than 20 % of seen (6 members, +2 -0). What was live stays so." in said
    assert (there.live, there.awaited) == (first, None)
    assert there.refused is not None
    assert there.refused.refused == said
    worker = Followed(group, Settings())
    await worker.begin()
    await worker.look()
    assert (worker.number, worker.awaited, worker.refused) == (1, None, said)
    assert said in history_in_words(await history(group))
    third = await apply(group, check_files(BOUGHT), after=first, author="ann", note="", at_ms=2)
    assert (await ahead(group)) == (first, third, None)


async def test_rules_that_follow_before_all_shards_have_its_past_go_on_with_that(kept: Store) -> None:
    group = await running(kept)
    await make_live(group, await applied(group, BOUGHT))
    await tell(group, 2, 0, Made(10, 10, is_ready=True, is_taken=True))
    await tell(group, 2, 1, Made(10, 10, is_ready=True))
    third = await applied(group, MORE)
    fourth = await applied(group, MORE | {"messages/hello.yaml": HELLO})
    assert [(each.awaits, each.past_of, each.past_version) for each in (third, fourth)] == [(False, 2, 2)] * 2
    assert third.has_past
    assert await live(group) == fourth
    fifth = await applied(group, BOUGHT)
    assert (fifth.awaits, fifth.past_of) == (True, 0), "the fourth did not keep it"
    for shard in range(2):
        assert (await applied(group, MORE)).past_of == 2, "what was told before all had it may not be heard"
        await tell(group, 2, shard, Made(10, 10, is_ready=True, is_taken=True, is_over=True))
    sixth = await applied(group, SEEN)
    assert (sixth.awaits, sixth.past_version, sixth.has_past) == (False, 8, False)
    await tell(group, 5, 0, Made(5, 10))
    assert await made_before(group, 8) == [5, 2]


async def test_how_far_it_is_is_told_again_where_redis_has_lost_it(kept: Store) -> None:
    group = await running(kept)
    ours = {0: Made(10, 10, is_ready=True), 1: Made(10, 10, is_ready=True)}
    assert (await told(group, 2, ours)).is_done
    await tell(group, 2, 1, Made(5, 10))  # as it was said before
    assert not (await told(group, 2, {0: ours[0]})).is_done
    assert (await told(group, 2, ours)).is_done
    assert (await progress(group, 2)).is_done


def test_it_is_ready_for_nobody_where_redis_has_lost_how_many_shards_there_are() -> None:
    found = Progress(0, {0: Made(5, 5, is_ready=True, is_taken=True, moves={})})
    assert (found.is_done, found.is_counted, found.is_taken) == (False, False, False)


def test_what_making_it_fails_at_is_told_by_its_shard() -> None:
    found = Progress(2, {0: Made(5, 10), 1: Made(2, 10, error="no such thing")})
    assert found.errors == {1: "no such thing"}
    assert "it cannot be made, and is tried again: shard 1, no such thing" in str(found)


@pytest.mark.parametrize(("files", "awaits"), [(MORE, False), (BOUGHT, True)])
async def test_what_reads_no_more_need_not_wait(kept: Store, files: dict[str, str], awaits: bool) -> None:
    assert (await applied(await running(kept), files)).awaits is awaits


async def test_nothing_waits_where_no_worker_ever_ran_or_it_is_to_be_live_at_once(kept: Store) -> None:
    await applied(kept.group, SEEN)
    assert not (await applied(kept.group, BOUGHT)).awaits
    await applied(await running(kept), SEEN)
    assert not (await applied(kept.group, BOUGHT, at_once=True)).awaits


async def test_it_is_given_up_where_another_is_applied_meanwhile(kept: Store) -> None:
    group = await running(kept)
    first, second = await live(group), await applied(group, BOUGHT)
    third = await applied(group, MORE)
    assert third.number == 3
    assert await ahead(group, first) == (third, None, None)
    await make_live(group, second)
    assert await live(group) == third, "the greatest is live, whatever comes late"
    with pytest.raises(Moved, match="version 3 is live, not version 1"):
        await apply(group, check_files(SEEN), after=first, author="ann", note="", at_ms=1)


async def test_whoever_runs_the_rules_hears_of_it_before_it_is_live(kept: Store) -> None:
    group = await running(kept)
    worker = Followed(group, Settings())
    await worker.begin()
    second = await applied(group, BOUGHT)
    assert not await worker.look()
    assert worker.number == 1
    assert worker.awaited is not None
    assert worker.awaited.version == second
    assert worker.awaited.checked.rulebook.names == ("bought", "seen")
    await make_live(group, second)
    assert await worker.look()
    assert worker.number == 2
    assert not worker.awaited
