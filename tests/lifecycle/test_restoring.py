"""Redis is emptied under workers, and somebody applies rules before they have put back what they run: a group keeps its
numbering and what it ran, and what was applied follows, with a past. In both stores."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec.structs import replace

from streams.errors import Unreachable
from streams.lifecycle.applying import Moved, apply, rollback
from streams.lifecycle.awaiting import make_live
from streams.lifecycle.checking import check_files
from streams.lifecycle.following import Followed
from streams.lifecycle.versions import Ahead, Version, ahead, files_of, history, live
from streams.settings import Settings
from streams.state.format import RULEBOOKS
from streams.state.memory import MemoryStore
from streams.state.store import GroupStore, Store
from tests.lifecycle.pasts import lose_all

SEEN: Final = {"seen.yaml": 'segment: seen\nenter: count("Page Viewed") >= 3\n'}
LESS: Final = {"seen.yaml": 'segment: seen\nenter: count("Page Viewed") >= 2\n'}
PAID: Final = SEEN | {"paid.yaml": 'segment: paid\nenter: count("Order Paid") >= 1\n'}
SENT: Final = {"sent.yaml": 'segment: sent\nenter: count("Invite Sent") >= 1\n'}
FIXED: Final = {"partitions": b"2"}
APPLIED_MS: Final = 1_000
EMPTIED_MS: Final = 9_000


async def applied(
    group: GroupStore, files: dict[str, str], at_ms: int, author: str = "ann", max_change: float | None = None
) -> Version:
    after, checked = await live(group), check_files(files)
    return await apply(
        group, checked, after=after, author=author, note="why", at_ms=at_ms, at_once=False, max_change=max_change
    )


async def worker_of(group: GroupStore, rules: Path | None = None, at_ms: int = APPLIED_MS) -> Followed:
    settings = Settings() if rules is None else Settings.from_environment({"SEGMENTER_RULES": str(rules)})
    worker = Followed(group, settings, FIXED)
    await worker.begin(at_ms)
    await worker.look()
    return worker


async def running(group: GroupStore, count: int = 1) -> Followed:
    """A worker of a group that has come to this version."""
    for number in range(count):
        await applied(group, SEEN if number % 2 == 0 else LESS, APPLIED_MS + number)
    return await worker_of(group)


async def end_of(group: GroupStore, *workers: Followed) -> Ahead:
    """What comes of it, once nothing moves any more; all workers see it."""
    for _ in range(3):
        for worker in workers:
            await worker.look()
    found = await ahead(group)
    assert [(worker.version, worker.awaited and worker.awaited.version) for worker in workers] == (
        [(found.live, found.awaited)] * len(workers)
    )
    return found


def named(found: Sequence[Version]) -> list[tuple[int, int, bool]]:
    """Number, when, and whether it awaits its past; the newest first."""
    return [(each.number, each.at_ms, each.awaits) for each in found]


@pytest.mark.parametrize("count", [1, 2, 3])
async def test_what_was_applied_before_a_worker_put_back_what_it_runs_follows_that(kept: Store, count: int) -> None:
    group = kept.group
    worker = await running(group, count)
    runs = worker.version
    await lose_all(kept)
    await applied(group, PAID, EMPTIED_MS, author="bob")
    assert await live(group) == Version(1, EMPTIED_MS, "bob", "why", check_files(PAID).digest)
    found = await end_of(group, worker)
    assert runs is not None
    assert found.live == replace(runs, past_of=count)
    assert found.awaited == Version(count + 1, EMPTIED_MS, "bob", "why", check_files(PAID).digest, awaits=True)
    assert await files_of(group, found.awaited) == PAID
    assert worker.checked.rulebook.names == ("seen",)


async def test_who_applies_after_they_are_put_back_is_told_so_and_nothing_of_it_stays(
    kept: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though nothing was there yet when somebody looked."""
    group = kept.group
    worker = await running(group, 2)
    await lose_all(kept)
    before_next(group, monkeypatch, worker.look)
    with pytest.raises(Moved, match="version 2 is live, and nothing was before"):
        await apply(group, check_files(PAID), after=None, author="bob", note="", at_ms=EMPTIED_MS)
    assert await history(group) == [worker.version]


def before_next(group: GroupStore, monkeypatch: pytest.MonkeyPatch, happens: Callable[[], Awaitable[object]]) -> None:
    """It happens before the next version is put."""
    put, happened = group.replace, list[bool]()

    async def preceded(collection: Any, *what: Any, **said: Any) -> bytes:
        if collection is RULEBOOKS and not happened:
            happened.append(True)
            await happens()
        return await put(collection, *what, **said)

    monkeypatch.setattr(group, "replace", preceded)


@pytest.mark.parametrize("count", [1, 2])
async def test_so_it_is_where_it_is_applied_while_they_are_put_back(
    kept: Store, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = kept.group
    worker = await running(group, count)
    await lose_all(kept)
    before_next(group, monkeypatch, lambda: applied(group, PAID, EMPTIED_MS))
    found = await end_of(group, worker)
    assert found.live is not None
    assert found.awaited is not None
    assert named([found.live, found.awaited]) == [
        (count, APPLIED_MS + count - 1, False),
        (count + 1, EMPTIED_MS, True),
    ]


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("is_live", [True, False])
@pytest.mark.parametrize("files", [PAID, LESS])
async def test_workers_of_which_one_had_not_seen_yet_what_another_ran_come_to_one_end(
    kept: Store, is_first: bool, is_live: bool, files: dict[str, str]
) -> None:
    """Whoever looks first, and whether what only one of them knew was live or awaited its past."""
    group = kept.group
    behind = await running(group)
    second = await applied(group, SENT, APPLIED_MS + 1)
    assert second.awaits
    if is_live:
        await make_live(group, second)
    knows = await worker_of(group)
    await lose_all(kept)
    await applied(group, files, EMPTIED_MS)
    await end_of(group, *((knows, behind) if is_first else (behind, knows)))
    third, *before = await history(group)
    assert (third.number, third.at_ms, third.digest) == (3, EMPTIED_MS, check_files(files).digest)
    assert third.has_past
    assert [(each.number, each.at_ms) for each in before] == [(2, APPLIED_MS + 1), (1, *[before[1].at_ms])]
    assert before[0].awaits is not is_live
    assert before[0].digest == second.digest
    assert is_live or before[1].at_ms == APPLIED_MS


async def test_a_folder_that_a_worker_applied_as_it_began_just_then_is_not_followed(
    kept: Store, tmp_path: Path
) -> None:
    group = kept.group
    (tmp_path / "paid.yaml").write_text(PAID["paid.yaml"])
    for count in (1, 2):
        await lose_all(kept)
        worker = await running(group, count)
        await lose_all(kept)
        begins = await worker_of(group, tmp_path, EMPTIED_MS)
        assert begins.checked.rulebook.names == ("paid",)
        found = await end_of(group, worker, begins)
        assert found.live is not None
        assert found.awaited is None
        assert (found.live.number, found.live.digest) == (count, worker.checked.digest)
        assert found.live.has_past, "shards may have begun under that folder"
        assert "differs from" in begins.differs


async def test_what_was_applied_after_such_a_folder_is(kept: Store, tmp_path: Path) -> None:
    group = kept.group
    (tmp_path / "paid.yaml").write_text(PAID["paid.yaml"])
    worker = await running(group)
    await lose_all(kept)
    begins = await worker_of(group, tmp_path, EMPTIED_MS)
    await applied(group, {"paid.yaml": PAID["paid.yaml"].replace("1", "2")}, EMPTIED_MS + 1)
    assert named(await history(group)) == [(2, EMPTIED_MS + 1, False), (1, EMPTIED_MS, False)]
    await end_of(group, worker, begins)
    assert named(await history(group)) == [(2, EMPTIED_MS + 1, True), (1, APPLIED_MS, False)]


async def test_of_several_that_were_applied_just_then_the_last_follows_and_none_is_live_before_it(kept: Store) -> None:
    group = kept.group
    worker = await running(group)
    await lose_all(kept)
    *_, last = [await applied(group, files, EMPTIED_MS + at) for at, files in enumerate((PAID, LESS, PAID | SENT))]
    assert [each.awaits for each in await history(group)] == [False] * 3
    found = await end_of(group, worker)
    assert found.live is not None
    assert (found.live.at_ms, found.awaited) == (APPLIED_MS, replace(last, awaits=True))


async def test_a_limit_holds_also_where_nothing_was_there_to_hold_it_against(kept: Store) -> None:
    group = kept.group
    worker = await running(group)
    await lose_all(kept)
    await applied(group, LESS, EMPTIED_MS, max_change=0.05)
    found = await end_of(group, worker)
    assert found.awaited is not None
    assert (found.awaited.number, found.awaited.max_change) == (2, 0.05)


async def test_what_reads_nothing_else_than_what_ran_is_live_at_once_with_its_past(kept: Store) -> None:
    group = kept.group
    worker = await running(group)
    await lose_all(kept)
    await applied(group, LESS, EMPTIED_MS)
    found = await end_of(group, worker)
    assert found.live is not None
    assert (found.live.number, found.live.past_of, found.awaited) == (2, 1, None)


async def test_what_ran_can_be_gone_back_to(kept: Store) -> None:
    group = kept.group
    worker = await running(group)
    await lose_all(kept)
    await applied(group, LESS, EMPTIED_MS)
    found = await end_of(group, worker)
    assert found.live is not None
    third = await rollback(group, 1, after=found.live, author="ann", note="", at_ms=EMPTIED_MS + 1)
    assert await files_of(group, third) == SEEN


class Ends:
    """A group's store; whoever asks it ends before the call of this number."""

    def __init__(self, group: GroupStore, after: int):
        self._group, self._left = group, after

    def __getattr__(self, name: str) -> Any:
        async def asked(*what: Any, **said: Any) -> Any:
            self._left -= 1
            if self._left < 0:
                raise Unreachable("Redis")
            return await getattr(self._group, name)(*what, **said)

        return asked


@pytest.mark.parametrize("after", range(16))
async def test_a_worker_may_end_at_any_step_of_it(after: int) -> None:
    group = MemoryStore().group
    worker, other = await running(group), await worker_of(group)
    second = await applied(group, SENT | SEEN, APPLIED_MS + 1)
    await worker.look()
    group.__dict__.update(MemoryStore().group.__dict__)
    await applied(group, PAID, EMPTIED_MS)
    ending: Any = Ends(group, after)
    worker._group = ending
    with suppress(Unreachable):
        await worker.look()
    newest = max(await history(group), key=lambda each: each.at_ms)
    assert (newest.at_ms, newest.digest) == (EMPTIED_MS, check_files(PAID).digest)
    worker._group = group
    await end_of(group, other, worker)
    third, *before = await history(group)
    assert named([third, *before]) == [(3, EMPTIED_MS, True), (2, APPLIED_MS + 1, True), (1, APPLIED_MS, False)]
    assert before[0] == second
