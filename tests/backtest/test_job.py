"""A backtest as a process of its own: it outlives who asked, is looked at, stopped, and found dead."""

import fcntl
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from streams.backtest.job import LOCK, RESULT, Progress, Request, look, start, stop, write_progress
from streams.backtest.page import page
from streams.backtest.report import Report
from streams.settings import Settings
from streams.testing import track

RULES = {"quiet.yaml": "segment: quiet\nenter: idle_days >= 2\n"}
WITHIN_S = 300


def history(folder: Path, events: int = 20) -> str:
    path = folder / "events.jsonl"
    records = (track(f"u-{n % 9}", "Signed In", 1_772_323_200_000 + n * 3_600_000, f"m-{n}") for n in range(events))
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return str(path)


def until(folder: Path, holds: Callable[[Progress], bool]) -> Progress:
    """The job, as soon as it is so."""
    ends = time.monotonic() + WITHIN_S
    while time.monotonic() < ends:
        progress = look(folder)
        if progress is not None and holds(progress):
            return progress
        time.sleep(0.05)
    raise AssertionError(look(folder))


def test_it_ends_with_its_answer_though_who_asked_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / "job"
    request = Request(new=RULES, old=RULES, history=(history(tmp_path),))
    asks = (
        "import msgspec, sys; from pathlib import Path; from streams.backtest.job import Request, start\n"
        "from streams.settings import Settings\n"
        "start(Path(sys.argv[1]), msgspec.json.decode(sys.argv[2], type=Request),"
        " Settings.from_environment({}, timezone='-08:00'))"
    )
    subprocess.run([sys.executable, "-c", asks, str(folder), msgspec.json.encode(request).decode()], check=True)
    progress = until(folder, lambda found: found.stage != "running")
    assert (progress.stage, progress.error, progress.read == progress.of > 0) == ("done", None, True)
    found = msgspec.json.decode((folder / RESULT).read_bytes(), type=Report)
    assert (found.coverage.events, found.coverage.timezone) == (20, "-08:00")
    assert page(found).startswith("<!doctype html>")


def test_it_stops_when_it_is_told_to(tmp_path: Path) -> None:
    folder = tmp_path / "job"
    stop_at_once = Request(new=RULES, history=(history(tmp_path),))
    folder.mkdir()
    stop(folder)
    start(folder, stop_at_once, Settings())
    assert until(folder, lambda found: found.stage != "running").stage == "stopped"
    assert not (folder / RESULT).exists()


def test_what_is_wrong_is_told_in_words(tmp_path: Path) -> None:
    folder = tmp_path / "job"
    start(folder, Request(new={"quiet.yaml": "segment: quiet\nenter: idle_dais >= 2\n"}, history=("x",)), Settings())
    progress = until(folder, lambda found: found.stage != "running")
    assert progress.stage == "failed"
    assert "idle_days" in (progress.error or "")


def test_one_that_was_killed_is_not_taken_for_running(tmp_path: Path) -> None:
    write_progress(tmp_path, Progress("running", 0))
    with (tmp_path / LOCK).open("ab") as alive:
        fcntl.flock(alive, fcntl.LOCK_EX)
        assert (look(tmp_path) or Progress("done", 0)).stage == "running"
    found = look(tmp_path)
    assert found is not None
    assert (found.stage, "killed" in (found.error or "")) == ("failed", True)


def test_where_there_is_no_job_there_is_none(tmp_path: Path) -> None:
    assert look(tmp_path) is None
