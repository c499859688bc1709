"""`segmenter check`: all faults at once, with their place."""

from pathlib import Path

from click.testing import CliRunner, Result

from streams.cli import main


def check(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["check", *arguments])


def test_right_rules_are_counted(tmp_path: Path) -> None:
    (tmp_path / "quiet.yaml").write_text("segment: quiet\nenter: idle_days >= 7\n")
    result = check(str(tmp_path))
    assert (result.exit_code, result.output) == (0, "1 rule is right.\n")


def test_the_shipped_rules_are_right() -> None:
    assert check("rules").output == "5 rules are right.\n"


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
