"""Backtests of one machine are seen, and stopped, from all others of the group."""

from pathlib import Path
from typing import Final

import msgspec
import pytest

from streams.backtest.job import REQUEST, RESULT, Progress, Request, Stage, is_to_stop, write_progress
from streams.backtest.report import Coverage, Report
from streams.core.instants import DAY_MS
from streams.errors import Unknown
from streams.settings import Settings
from streams.state.format import BACKTESTS
from streams.state.store import GroupStore, Store
from streams.web.views import board
from streams.web.views.board import Board, Told

JOB: Final = "00c0ffee00c0ffee"
AT: Final = 20_000 * DAY_MS
TEXT: Final = "segment: quiet\nenter: idle_days >= 7\n"


class Machine:
    def __init__(self, group: GroupStore, folder: Path, name: str, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("socket.gethostname", lambda: name)
        settings = Settings.from_environment({}, web_backtests=str(folder / name))
        self.board = Board(group, settings)
        self.job = folder / name / settings.group / JOB

    def runs(self, stage: Stage = "running", read: int = 1, error: str | None = None) -> None:
        self.job.mkdir(parents=True, exist_ok=True)
        request = Request(new={"quiet.yaml": TEXT, "other.yaml": "x"}, rule="quiet", author="ann", topics=True, base=3)
        (self.job / REQUEST).write_bytes(msgspec.json.encode(request))
        write_progress(self.job, Progress(stage, AT, read=read, of=4, error=error))

    def found(self, unknown: str) -> Report:
        report = Report(1, Coverage([], 0, 0, 0, [], 0, None, None, "UTC", 1), None, [], [], [unknown])
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
    one, other = (Machine(kept.group, tmp_path, name, monkeypatch) for name in ("one", "other"))
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
