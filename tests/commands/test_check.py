"""`segmenter check`: all faults at once, with their place."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from streams.cli import main
from streams.core.language.reference import reference


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
