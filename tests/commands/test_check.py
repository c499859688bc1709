"""`segmenter check`: all faults at once, with their place."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from streams.cli import main
from streams.core.language.reference import reference
from streams.testing import billing, identify, track


def check(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["check", *arguments])


def test_one_right_rule_is_told(tmp_path: Path) -> None:
    (tmp_path / "quiet.yaml").write_text("segment: quiet\nenter: idle_days >= 7\n")
    result = check(str(tmp_path))
    assert (result.exit_code, result.output) == (0, "1 segment is right.\n")


def test_right_rules_are_counted_by_sort(tmp_path: Path) -> None:
    (tmp_path / "quiet.yaml").write_text("segment: quiet\nenter: idle_days >= 7\n")
    (tmp_path / "loud.yaml").write_text("segment: loud\nenter: idle_days < 1\n")
    (tmp_path / "age.yaml").write_text("tier: age\nlevels: {new: tenure_days < 14, old: otherwise}\n")
    scores = "scores: rfm\nrecency: idle_days\nfrequency: count(any)\nmonetary: mrr\nmethod: quintiles\n"
    (tmp_path / "rfm.yaml").write_text(scores)
    assert check(str(tmp_path)).output == "2 segments, 1 tier and 1 scores rule are right.\n"


def test_the_shipped_rules_are_right() -> None:
    result = check("rules")
    assert (result.exit_code, result.stderr) == (0, "")


def test_the_schema_for_editors_is_printed_and_nothing_else(tmp_path: Path) -> None:
    result = check("--schema", str(tmp_path / "nowhere"))
    assert result.exit_code == 0
    assert set(json.loads(result.output)["definitions"]) == {"SegmentFile", "TierFile", "ScoresFile", "EdgesFile"}


def test_the_language_is_printed_and_nothing_else(tmp_path: Path) -> None:
    result = check("--language", str(tmp_path / "nowhere"))
    assert result.exit_code == 0
    assert result.output == reference()


def test_all_faults_are_told_at_once_with_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "quiet.yaml").write_text("segment: quiet\nenter: idle_dys >= and\n")
    (tmp_path / "loud.yaml").write_text("segment: loud\nentr: true\n")
    result = check(str(tmp_path))
    assert result.exit_code == 2
    assert f"{tmp_path}/quiet.yaml:2:" in result.stderr
    assert f"{tmp_path}/loud.yaml:2:" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    result = check(str(tmp_path / "nowhere"))
    assert result.exit_code == 2
    assert "does not exist" in result.stderr


def test_what_can_hardly_be_meant_is_told_with_a_maybe_and_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "quiet.yaml").write_text("segment: quiet\nenter: idle_days >= 7 and idle_days < 3\n")
    result = check(str(tmp_path))
    assert (result.exit_code, result.stdout) == (0, "1 segment is right.\n")
    assert result.stderr.startswith(
        f"{tmp_path}/quiet.yaml:2:27: maybe: this never holds together with `idle_days >= 7`\n"
    )


@pytest.fixture
def events(tmp_path: Path) -> Path:
    file = tmp_path / "events.jsonl"
    sent = [
        track("ann", "Signed In", "2026-03-01", device="phone"),
        identify("ann", "2026-03-01", industry="banking"),
        billing("ann", "Subscription Strated", "2026-03-01", mrr=9),
    ]
    file.write_text("".join(json.dumps(record) + "\n" for record in sent) + "{}\n")
    return file


def test_rules_are_held_against_a_file_of_events(tmp_path: Path, events: Path) -> None:
    rule = tmp_path / "bank.yaml"
    rule.write_text('segment: bank\nenter: industry == banking and count("Signd In", days=7) > 3\n')
    result = check(str(rule), "--events", str(events))
    assert result.exit_code == 3
    assert result.stdout == (
        "1 segment is right.\n2 names were never seen, held against what is in the files: 2 events of 2 names.\n"
    )
    told = [line for line in result.stderr.splitlines() if not line.startswith("  ")]
    assert told == [
        f"{rule}:2:8: maybe: `banking` without quotes is a trait",
        "1 line of the files cannot be used.",
        f'{rule}:2:20: maybe: never seen trait "banking" in 3 samples',
        f'{rule}:2:38: maybe: never seen "Signd In"; nearest "Signed In", 1 in the files',
        '"Subscription Strated" was read 1 time: was "Subscription Started" meant, which changes subscriptions?',
    ]


def test_a_file_in_which_all_names_are_says_so(tmp_path: Path, events: Path) -> None:
    rule = tmp_path / "bank.yaml"
    rule.write_text('segment: bank\nenter: industry == "banking" and count("Signed In", days=7) > 3\n')
    events.write_text("".join(events.read_text().splitlines(keepends=True)[:2]))
    result = check(str(rule), "--events", str(events))
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.endswith("All names were seen, held against what is in the files: 1 events of 1 name.\n")
