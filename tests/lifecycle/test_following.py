"""Whoever runs the rules of a group: what is in force, and what is said of a folder that differs."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from streams.errors import RuleError
from streams.lifecycle import restoring, versions
from streams.lifecycle.applying import apply
from streams.lifecycle.awaiting import must_wait
from streams.lifecycle.checking import check_files
from streams.lifecycle.following import Followed
from streams.lifecycle.versions import Version, add, ahead, history, live
from streams.settings import Settings
from streams.state.format import RULEBOOKS, SETTLED
from streams.state.memory import MemoryStore
from streams.state.store import GroupStore

QUIET = {"quiet.yaml": "segment: quiet\nenter: idle_days >= 7\n"}
KEEN = {"keen.yaml": "segment: keen\nenter: active_days(days=30) >= 8\n"}
FAULTY = {"keen.yaml": "segment: keen\nenter: soon(to=come)\n"}


@pytest.fixture
def group() -> GroupStore:
    return MemoryStore().group


def folder(path: Path, files: dict[str, str]) -> Path:
    path.mkdir()
    for name, text in files.items():
        (path / name).write_text(text)
    return path


def named(path: Path) -> Settings:
    return Settings.from_environment({"SEGMENTER_RULES": str(path)})


async def test_the_first_worker_applies_its_folder_and_the_next_runs_that(group: GroupStore, tmp_path: Path) -> None:
    one = Followed(group, named(folder(tmp_path / "one", QUIET)))
    other = Followed(group, named(folder(tmp_path / "an other", KEEN)))
    await one.begin(at_ms=1)
    await other.begin(at_ms=2)
    assert [version.number for version in await history(group)] == [1]
    assert (one.number, other.number) == (1, 1)
    assert other.checked.rulebook.names == ("quiet",)
    assert one.differs == ""
    assert other.differs == (
        f"the folder {tmp_path}/an other differs from version 1, which is live; to make it live: segmenter rules apply"
        f" '{tmp_path}/an other'"
    )


async def test_of_workers_that_begin_at_once_all_run_what_one_of_them_applied(
    group: GroupStore, tmp_path: Path
) -> None:
    workers = [
        Followed(group, named(folder(tmp_path / name, files))) for name, files in (("one", QUIET), ("other", KEEN))
    ]
    await asyncio.gather(*(worker.begin(at_ms=1) for worker in workers))
    assert len(await history(group)) == 1
    assert workers[0].checked.files == workers[1].checked.files


async def test_a_folder_with_faults_is_refused_unless_others_are_live(group: GroupStore, tmp_path: Path) -> None:
    worker = Followed(group, named(folder(tmp_path / "faulty", FAULTY)))
    with pytest.raises(RuleError):
        await worker.begin(at_ms=1)
    assert await live(group) is None
    await apply(group, check_files(QUIET), after=None, author="ann", note="", at_ms=1)
    await worker.begin(at_ms=2)
    assert worker.checked.rulebook.names == ("quiet",)
    assert "differs from version 1" in worker.differs


async def test_a_folder_that_is_not_there_matters_only_where_somebody_named_it(
    group: GroupStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    await apply(group, check_files(QUIET), after=None, author="ann", note="", at_ms=1)
    for settings, said in ((Settings(), ""), (named(tmp_path / "gone"), "cannot be read")):
        worker = Followed(group, settings)
        await worker.begin(at_ms=2)
        assert said in worker.differs
        assert bool(worker.differs) == bool(said)


async def test_another_version_is_in_force_once_it_is_seen(group: GroupStore, tmp_path: Path) -> None:
    worker = Followed(group, named(folder(tmp_path / "rules", QUIET)))
    await worker.begin(at_ms=1)
    assert not await worker.look()
    await apply(group, check_files(KEEN), after=worker.version, author="ann", note="", at_ms=2)
    assert await worker.look()
    assert (worker.number, worker.checked.rulebook.names) == (2, ("keen",))
    assert "differs from version 2" in worker.differs
    assert not await worker.look()


async def test_a_version_that_cannot_be_read_here_is_told_once_and_not_run(
    group: GroupStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    worker = Followed(group, named(folder(tmp_path / "rules", QUIET)))
    await worker.begin(at_ms=1)
    await add(group, FAULTY, Version(2, 5, "somebody with a newer segmenter", "", "d"))
    with caplog.at_level(logging.ERROR, "streams"):
        assert [await worker.look() for _ in range(3)] == [False] * 3
    assert [record.getMessage().partition(" and ")[0] for record in caplog.records] == ["rules - version 2 is live"]
    assert worker.checked.rulebook.names == ("quiet",)
    await add(group, KEEN, Version(3, 6, "ann", "", "e"))
    assert await worker.look()
    assert worker.checked.rulebook.names == ("keen",)


async def test_a_version_whose_files_are_put_back_is_taken_over(
    group: GroupStore, caplog: pytest.LogCaptureFixture
) -> None:
    """As where Redis was emptied while it was applied, or by a worker that puts back what was lost."""
    await apply(group, check_files(QUIET), after=None, author="ann", note="", at_ms=1)
    worker = Followed(group, Settings())
    await worker.begin(at_ms=2)
    second = Version(2, 3, "ann", "", "d", awaits=True)
    await group.put(RULEBOOKS, 2, second.encode())
    for _ in range(3):
        assert not await worker.look()
        assert worker.awaited is None
    assert caplog.text.count("version 2 awaits its past and cannot be read here: Redis has lost the files") == 1
    await add(group, KEEN, second)
    await worker.look()
    assert worker.awaited is not None
    assert worker.awaited.version == second


async def test_of_two_that_cannot_be_read_at_once_each_is_told_once(
    group: GroupStore, caplog: pytest.LogCaptureFixture
) -> None:
    await apply(group, check_files(QUIET), after=None, author="ann", note="", at_ms=1)
    worker = Followed(group, Settings())
    await worker.begin(at_ms=2)
    for gone in (Version(2, 3, "ann", "", "gone"), Version(3, 4, "ann", "", "gone", awaits=True)):
        await group.put(RULEBOOKS, gone.number, gone.encode())
    assert [await worker.look() for _ in range(3)] == [False] * 3
    told = [record.getMessage().partition(" and cannot")[0] for record in caplog.records if record.levelname == "ERROR"]
    assert told == ["rules - version 3 awaits its past", "rules - version 2 is live"]
    for number in (2, 3):
        await add(group, FAULTY, Version(number + 2, number + 2, "ann", "", "faulty", awaits=number == 3))
    assert [await worker.look() for _ in range(3)] == [False] * 3
    assert caplog.text.count("version 4 is live and cannot be read") == 1
    assert caplog.text.count("version 5 awaits its past and cannot be read") == 1


async def test_a_worker_puts_back_what_it_runs_where_redis_has_lost_it(group: GroupStore, tmp_path: Path) -> None:
    worker = Followed(group, named(folder(tmp_path / "rules", QUIET)))
    deliverer = Followed(group, named(tmp_path / "rules"))
    await worker.begin(at_ms=1)
    await apply(group, check_files(KEEN), after=worker.version, author="ann", note="why", at_ms=2)
    await worker.look()
    await deliverer.begin()
    group.__dict__.update(MemoryStore().group.__dict__)
    assert not await deliverer.look()
    assert await live(group) is None
    assert not await worker.look()
    assert await history(group) == [worker.version]
    assert not await worker.look()
    next_worker = Followed(group, named(tmp_path / "rules"))
    await next_worker.begin(at_ms=3)
    assert next_worker.checked.files == KEEN


@pytest.mark.parametrize("is_first", [False, True])
async def test_what_awaits_its_past_is_put_back_though_another_worker_who_had_not_seen_it_was_first(
    group: GroupStore, is_first: bool, caplog: pytest.LogCaptureFixture
) -> None:
    await group.put(SETTLED, "partitions", b"2")
    first = await apply(group, check_files(QUIET), after=None, author="ann", note="", at_ms=1)
    knows, other = Followed(group, Settings()), Followed(group, Settings())
    for worker in (knows, other):
        await worker.begin(at_ms=2)
        await worker.look()
    second = await apply(group, check_files(QUIET | KEEN), after=first, author="ann", note="", at_ms=3, max_change=0.1)
    assert second.awaits
    await knows.look()
    group.__dict__.update(MemoryStore().group.__dict__)
    for worker in (knows, other) if is_first else (other, knows):
        assert not await worker.look()
    assert await ahead(group) == (first, second, None)
    assert [each.awaited and each.awaited.version for each in (knows, other)] == [second, second if is_first else None]
    assert caplog.text.count("Redis has lost version 2, which awaits its past") == 1


async def test_a_version_that_runs_here_is_put_back_though_another_worker_has_put_back_the_one_before(
    group: GroupStore,
) -> None:
    first = await apply(group, check_files(QUIET), after=None, author="ann", note="", at_ms=1)
    ahead_of, behind = Followed(group, Settings()), Followed(group, Settings())
    for worker in (ahead_of, behind):
        await worker.begin(at_ms=2)
    second = await apply(group, check_files(KEEN), after=first, author="ann", note="", at_ms=3)
    assert await ahead_of.look()
    group.__dict__.update(MemoryStore().group.__dict__)
    await behind.look()
    assert await live(group) == first
    assert not await ahead_of.look()
    assert await live(group) == second
    assert await behind.look()


async def test_what_was_fixed_at_first_start_is_put_back_with_the_rules_and_what_stands_there_by_then_stays(
    group: GroupStore, tmp_path: Path
) -> None:
    worker = Followed(group, named(folder(tmp_path / "rules", QUIET)))
    await worker.begin(at_ms=1)
    for name, value in (("partitions", b"4"), ("partitioner", b"crc32")):
        await group.put(SETTLED, name, value)
        await worker.look()
    group.__dict__.update(MemoryStore().group.__dict__)
    await group.put(SETTLED, "partitioner", b"murmur2")
    await worker.look()
    assert await group.read(SETTLED) == {"partitions": b"4", "partitioner": b"murmur2"}
    assert await must_wait(group, check_files(QUIET).rulebook, check_files(KEEN).rulebook)


async def test_so_it_is_where_redis_is_emptied_again_while_they_are_put_back(
    group: GroupStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rules that were applied then would be live at once, as if no worker had ever run."""
    worker = Followed(group, named(folder(tmp_path / "rules", QUIET)))
    await worker.begin(at_ms=1)
    await group.put(SETTLED, "partitions", b"4")
    await worker.look()
    group.__dict__.update(MemoryStore().group.__dict__)
    put = versions.put

    async def emptied_before(*what: Any, **said: Any) -> bytes:
        group.__dict__.update(MemoryStore().group.__dict__)
        return await put(*what, **said)

    monkeypatch.setattr(restoring, "put", emptied_before)
    await worker.look()
    assert (await live(group), await group.read(SETTLED)) == (worker.version, {})
    await worker.look()
    assert await group.read(SETTLED) == {"partitions": b"4"}


async def test_so_it_is_where_redis_is_emptied_while_a_worker_starts(group: GroupStore, tmp_path: Path) -> None:
    worker = Followed(group, named(folder(tmp_path / "rules", QUIET)), {"partitions": b"4"})
    await worker.begin(at_ms=1)
    assert await group.read(SETTLED) == {"partitions": b"4"}
    group.__dict__.update(MemoryStore().group.__dict__)
    await worker.look()
    assert await group.read(SETTLED) == {"partitions": b"4"}


async def test_whoever_must_not_apply_anything_goes_by_the_folder_until_somebody_does(
    group: GroupStore, tmp_path: Path
) -> None:
    other = Followed(group, named(folder(tmp_path / "rules", QUIET)))
    await other.begin()
    assert (other.number, other.checked.rulebook.names, await live(group)) == (0, ("quiet",), None)
    assert not await other.look()
    await apply(group, check_files(KEEN), after=None, author="ann", note="", at_ms=2)
    assert await other.look()
    assert other.number == 1
