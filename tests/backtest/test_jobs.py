"""The backtests of a folder: found again, stopped, and gone when there are newer ones."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.backtest import jobs
from streams.backtest.job import HISTORY, LOCK, REQUEST, Progress, Request, is_to_stop, write_progress
from streams.backtest.jobs import KEPT_MS, MOST_AT_ONCE, MOST_KEPT, Jobs
from streams.errors import Busy, Unknown, UsageError
from streams.settings import Settings

NOW_MS = 1_772_323_200_000
ASKED = Request(new={"a.yaml": "segment: a\nenter: paying\n"}, history=("x",))


def put(folder: Path, name: str, started_ms: int, stage: Any = "done") -> Path:
    """A backtest as its process left it."""
    made = folder / name
    (made / HISTORY).mkdir(parents=True)
    (made / REQUEST).write_bytes(msgspec.json.encode(ASKED))
    write_progress(made, Progress(stage, started_ms))
    return made


@contextmanager
def alive(folder: Path) -> Iterator[None]:
    with (folder / LOCK).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(autouse=True)
def nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "start", lambda folder, _, __: put(folder.parent, folder.name, NOW_MS))


def test_there_is_none_before_there_is_a_folder_and_none_by_a_foreign_name(tmp_path: Path) -> None:
    put(tmp_path, "elsewhere", NOW_MS)
    empty = Jobs(tmp_path / "none")
    assert empty.all() == []
    with pytest.raises(Unknown):
        empty.find("../elsewhere")


def test_the_newest_stay_and_none_longer_than_a_week(tmp_path: Path) -> None:
    for number in range(MOST_KEPT + 3):
        put(tmp_path, f"job-{number:02}", NOW_MS - 1_000 * number)
    put(tmp_path, "old", NOW_MS - KEPT_MS)
    put(tmp_path, "never-begun", NOW_MS).joinpath("progress.json").unlink()
    begun = Jobs(tmp_path).start(ASKED, Settings(), NOW_MS)
    there = [job.id for job in Jobs(tmp_path).all()]
    assert sorted(there) == sorted([begun.id, *(f"job-{number:02}" for number in range(MOST_KEPT - 1))])
    assert sorted(each.name for each in tmp_path.iterdir() if each.is_dir()) == sorted(there)


def test_of_one_that_was_killed_what_came_out_of_the_topics_is_taken_away_and_of_one_that_runs_it_stays(
    tmp_path: Path,
) -> None:
    killed, runs = put(tmp_path, "killed", NOW_MS, "running"), put(tmp_path, "runs", NOW_MS - KEPT_MS, "running")
    with alive(runs):
        Jobs(tmp_path).start(ASKED, Settings(), NOW_MS)
        assert [(killed / HISTORY).exists(), (runs / HISTORY).exists()] == [False, True]


def test_no_more_run_than_may_at_once(tmp_path: Path) -> None:
    running = [put(tmp_path, f"job-{number}", NOW_MS, "running") for number in range(MOST_AT_ONCE)]
    with alive(running[0]), alive(running[1]):
        with pytest.raises(Busy, match="2 backtests run already"):
            Jobs(tmp_path).start(ASKED, Settings(), NOW_MS)
        Jobs(tmp_path).stop("job-0")
        assert [is_to_stop(folder) for folder in running] == [True, False]
    Jobs(tmp_path).start(ASKED, Settings(), NOW_MS)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be begun: Not a directory: "):
        Jobs(tmp_path / "file" / "below").start(ASKED, Settings(), NOW_MS)
