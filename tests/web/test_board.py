"""Backtests of one machine are seen, and stopped, from all others of the group."""

from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from streams.admin.reports import take_out_of_all, unpacked
from streams.backtest.job import REQUEST, RESULT, Progress, Request, Stage, is_to_stop, write_progress
from streams.backtest.report import Coverage, Differs, Example, Report, SegmentReport
from streams.core.engine.erasure import mark_of
from streams.core.instants import DAY_MS
from streams.errors import Unknown
from streams.settings import Settings
from streams.state.format import BACKTESTS, MARKS, REPORTS, SETTLED
from streams.state.store import Checkpoint, Store, Write
from streams.web.views import board
from streams.web.views.board import Board, Told
from tests.state.checkpoints import claimed

JOB: Final = "00c0ffee00c0ffee"
AT: Final = 20_000 * DAY_MS
TEXT: Final = "segment: quiet\nenter: idle_days >= 7\n"


class Machine:
    def __init__(self, store: Store, folder: Path, name: str, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("socket.gethostname", lambda: name)
        settings = Settings.from_environment({}, web_backtests=str(folder / name))
        self.board = Board(store, settings)
        self.job = folder / name / settings.group / JOB

    def runs(self, stage: Stage = "running", read: int = 1, error: str | None = None) -> None:
        self.job.mkdir(parents=True, exist_ok=True)
        request = Request(new={"quiet.yaml": TEXT, "other.yaml": "x"}, rule="quiet", author="ann", topics=True, base=3)
        (self.job / REQUEST).write_bytes(msgspec.json.encode(request))
        write_progress(self.job, Progress(stage, AT, read=read, of=4, error=error))

    def found(self, unknown: str, *named: str) -> Report:
        """named: who would enter, and who would leave."""
        entering, leaving = ([Example(user, [], [])] for user in named or ("", ""))
        differs = Differs(0, 7, 7, entering, leaving)
        segments = [SegmentReport("quiet", "quiet", None, None, differs)] if named else []
        report = Report(1, Coverage([], 0, 0, 0, [], 0, None, None, "UTC", 1), None, [], segments, [unknown])
        (self.job / RESULT).write_bytes(msgspec.json.encode(report))
        self.runs("done", 4)
        return report


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    now = [AT]
    monkeypatch.setattr(board, "_now_ms", lambda: now[0])
    monkeypatch.setattr("streams.backtest.job._is_alive", lambda _: True)
    return now


@pytest.fixture
def machines(kept: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: list[int]) -> tuple[Machine, Machine]:
    """Of these the first runs a backtest."""
    one, other = (Machine(kept, tmp_path, name, monkeypatch) for name in ("one", "other"))
    one.runs()
    return one, other


async def seen(machine: Machine) -> Told:
    [found] = await machine.board.all()
    return found


async def test_how_far_it_is_and_on_which_machine_is_seen_from_another(machines: tuple[Machine, Machine]) -> None:
    one, other = machines
    with pytest.raises(Unknown):
        await other.board.find(JOB)
    await one.board.tell()
    found = await other.board.find(JOB)
    assert (found.host, found.stage, found.share, found.author) == ("one", "running", 0.25, "ann")
    assert (dict(found.files), found.base) == ({"quiet.yaml": TEXT}, 3)
    one.runs(read=3)
    await one.board.tell()
    assert (await seen(other)).share == 0.75


async def test_what_it_found_is_there_too(machines: tuple[Machine, Machine]) -> None:
    one, other = machines
    await one.board.tell()
    assert await other.board.report(JOB) is None
    report = one.found("nothing")
    await one.board.tell()
    assert (await seen(other)).stage == "done"
    assert await other.board.report(JOB) == await one.board.report(JOB) == report


async def test_what_is_too_big_for_all_stays_where_it_ran(
    machines: tuple[Machine, Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "MOST_BYTES", 100)
    one, other = machines
    report = one.found("something long, which is said once and for all, and never again in these words")
    await one.board.tell()
    found = await seen(other)
    assert (found.stage, found.has_report) == ("done", False)
    assert await other.board.report(JOB) is None
    assert await one.board.report(JOB) == report


async def test_it_is_stopped_from_another(machines: tuple[Machine, Machine]) -> None:
    one, other = machines
    await one.board.tell()
    await other.board.stop(JOB)
    assert not is_to_stop(one.job)
    await one.board.tell()
    assert is_to_stop(one.job)
    one.runs("stopped")
    await one.board.tell()
    assert (await seen(other)).stage == "stopped"


async def test_of_whom_nobody_tells_any_more_that_is_said_until_somebody_does(
    machines: tuple[Machine, Machine], clock: list[int]
) -> None:
    one, other = machines
    await one.board.tell()
    clock[0] += board.SILENT_MS
    found = await seen(other)
    assert found.stage == "failed"
    assert "the web process on one has ended" in (found.error or "")
    await one.board.tell()
    assert (await seen(other)).stage == "running"


async def test_it_is_forgotten_after_a_week(machines: tuple[Machine, Machine], clock: list[int]) -> None:
    one, other = machines
    one.found("nothing")
    await one.board.tell()
    clock[0] += 7 * DAY_MS
    assert await other.board.all() == []


async def test_where_redis_lost_it_its_machine_tells_again(machines: tuple[Machine, Machine], kept: Store) -> None:
    one, other = machines
    report = one.found("nothing")
    await one.board.tell()
    await kept.group.put(BACKTESTS, 1, msgspec.json.encode(Told("another", "x", AT, AT, "done", "bob")))
    await one.board.tell()
    assert {each.id for each in await other.board.all()} == {JOB, "another"}
    assert await other.board.report(JOB) == report


async def erase(store: Store, user: str, at_ms: int) -> None:
    """As a worker does it, whoever asked it to."""
    await store.group.put(SETTLED, "partitions", b"1")
    await claimed(store.shards, 0, 1)
    marks: list[Write[Any, Any]] = [Write(MARKS, [(mark_of(user), at_ms)])]
    await store.shards.save(0, 1, Checkpoint(1, b"head", {}, marks))


def names(report: Report | None) -> list[str]:
    assert report is not None
    [differs] = [each.now for each in report.segments if each.now]
    assert (differs.would_enter, differs.would_leave) == (7, 7), "how many stays"
    return [each.user_id for each in (*differs.entering, *differs.leaving)]


@pytest.mark.parametrize("at_ms", [AT, AT - 1], ids=["since", "before it was begun"])
async def test_who_was_erased_is_named_no_more_wherever_it_is_kept(
    machines: tuple[Machine, Machine], kept: Store, at_ms: int
) -> None:
    one, other = machines
    one.found("nothing", "ann", "bob")
    await one.board.tell()
    await erase(kept, "ann", at_ms)
    there = ["bob"] if at_ms >= AT else ["ann", "bob"]
    assert names(await other.board.report(JOB)) == there
    await one.board.free()
    assert [names(unpacked(each)) for each in (await kept.group.read(REPORTS)).values()] == [there]
    assert names(msgspec.json.decode((one.job / RESULT).read_bytes(), type=Report)) == there


async def test_who_was_erased_while_it_ran_is_never_told_to_others(
    machines: tuple[Machine, Machine], kept: Store
) -> None:
    one, _ = machines
    await erase(kept, "ann", AT + 5)
    one.found("nothing", "ann", "bob")
    await one.board.tell()
    assert [names(unpacked(each)) for each in (await kept.group.read(REPORTS)).values()] == [["bob"]]


async def test_the_command_takes_a_user_out_of_what_is_in_redis_at_once(
    machines: tuple[Machine, Machine], kept: Store
) -> None:
    one, _ = machines
    one.found("nothing", "ann", "bob")
    await one.board.tell()
    assert (await take_out_of_all(kept.group, {"max"}), await take_out_of_all(kept.group, {"bob"})) == (0, 1)
    assert [names(unpacked(each)) for each in (await kept.group.read(REPORTS)).values()] == [["ann"]]


async def test_of_two_who_are_erased_at_once_neither_stays_in_a_report(
    machines: tuple[Machine, Machine], kept: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = machines
    one.found("nothing", "ann", "bob")
    await one.board.tell()
    replace = kept.group.replace

    async def slower(*said: Any) -> bytes:
        monkeypatch.setattr(kept.group, "replace", replace)
        assert await take_out_of_all(kept.group, {"ann"}) == 1
        return await replace(*said)

    monkeypatch.setattr(kept.group, "replace", slower)
    assert await take_out_of_all(kept.group, {"bob"}) == 1
    assert [names(unpacked(each)) for each in (await kept.group.read(REPORTS)).values()] == [[]]
