"""`segmenter backtest`: what it prints, and what it says of bad input."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from streams.cli import main
from streams.testing import billing, track
from streams.testing.records import Record

NEW = "segment: quiet\nenter: idle_days >= 2\nexit: idle_days < 1\n"
OLD = "segment: quiet\nenter: idle_days >= 30\n"


@pytest.fixture
def folders(tmp_path: Path) -> tuple[str, str]:
    """Rules, and those of before."""
    for name, text in (("new", NEW), ("old", OLD)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "quiet.yaml").write_text(text)
    (tmp_path / "old" / "payers.yaml").write_text("segment: payers\nenter: paying\n")
    return str(tmp_path / "new"), str(tmp_path / "old")


@pytest.fixture
def history(tmp_path: Path) -> str:
    records: list[Record] = [
        track("ann", "Signed In", "2026-03-01"),
        billing("ann", "Subscription Started", "2026-03-01T01:00", mrr=49),
        billing("ann", "Subscription Cancelled", "2026-03-06", mrr=0),
        track("bob\x1b[2J", "Signed In", "2026-03-01"),
        track("bob\x1b[2J", "Signed In", "2026-03-10"),
        track("cid", "Signed In", "2026-03-12"),
    ]
    path = tmp_path / "events.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return str(path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["backtest", *arguments])


def of(result: Result, name: str) -> dict[str, object]:
    found: Sequence[dict[str, object]] = json.loads(result.stdout)["segments"]
    return next(segment for segment in found if segment["segment"] == name)


def test_rules_are_told_with_who_came_and_went(folders: tuple[str, str], history: str) -> None:
    result = run(history, "--rules", folders[0])
    assert result.exit_code == 0
    assert "6 events of 3 users, 2026-03-01 to 2026-03-12" in result.stdout
    [row] = [line.split() for line in result.stdout.splitlines() if line.startswith("quiet")]
    assert row[:5] == ["quiet", "2", "3", "1", "7.0"]


def test_who_would_enter_is_told_with_the_reason_and_escaped(folders: tuple[str, str], history: str) -> None:
    result = run(history, "--rules", folders[0], "--against", folders[1])
    assert "2 users would enter quiet, such as" in result.stdout
    assert "ann: idle_days >= 2 holds (11), idle_days < 1 does not (11); by the old rules idle_days >= 30" in " ".join(
        result.stdout.split()
    )
    assert "bob\\x1b[2J" in result.stdout
    assert "payers" in result.stdout


def test_a_forecast_is_told_with_what_is_incomplete(folders: tuple[str, str], history: str) -> None:
    result = run(history, "--rules", folders[0], "--outcome", "Subscription Cancelled", "--within", "3d", "--json")
    outcome = of(result, "quiet")["new"]["outcome"]  # type: ignore[index]  # a JSON object
    assert outcome == {
        "entries": 2,
        "hits": 1,
        "precision": 0.5,
        "lift": pytest.approx(0.5 / (3 / 16)),
        "incomplete_entries": 1,
        "events": 1,
        "forewarned": 1,
        "recall": 1.0,
        "median_lead_days": 3.0,
        "incomplete_events": 0,
    }


def test_rejected_lines_are_told_and_all_others_are_played(folders: tuple[str, str], history: str) -> None:
    with Path(history).open("a") as file:
        file.write("{oops\n")
    result = run(history, "--rules", folders[0])
    assert result.exit_code == 3
    assert "1 of 7 lines were rejected." in result.stderr
    assert f"{history}:7:" in result.stdout


def test_an_outcome_that_is_no_event_is_told(folders: tuple[str, str], history: str) -> None:
    result = run(history, "--rules", folders[0], "--outcome", 'event("x"')
    assert (result.exit_code, "--outcome" in result.stderr) == (2, True)


def test_a_history_that_is_not_there_is_told(folders: tuple[str, str]) -> None:
    result = run("nowhere.jsonl", "--rules", folders[0])
    assert (result.exit_code, "nowhere.jsonl cannot be read" in result.stderr) == (2, True)


def test_what_is_piped_in_cannot_be_read_by_several(folders: tuple[str, str]) -> None:
    result = run("-", "--rules", folders[0], "--jobs", "2")
    assert (result.exit_code, "more than once" in result.stderr) == (2, True)


def test_of_nothing_nothing_can_be_told(folders: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "none.jsonl").touch()
    result = run(str(tmp_path / "none.jsonl"), "--rules", folders[0], "--outcome", "x")
    assert result.exit_code == 0
    assert "There is no event in the history" in result.stdout


def test_a_page_for_which_there_is_no_folder_is_told_before_anything_is_played(
    folders: tuple[str, str], tmp_path: Path
) -> None:
    page = tmp_path / "nowhere" / "page.html"
    result = run("no-history.jsonl", "--rules", folders[0], "--html", str(page))
    assert result.exit_code == 2
    assert f"{page} cannot be written: there is no folder {page.parent}" in result.stderr


def test_the_answer_is_there_though_the_page_cannot_be_written(folders: tuple[str, str], history: str) -> None:
    result = run(history, "--rules", folders[0], "--html", "/dev/full")
    assert (result.exit_code, result.stderr) == (2, "Error: /dev/full cannot be written: No space left on device\n")
    assert "6 events of 3 users" in result.stdout
