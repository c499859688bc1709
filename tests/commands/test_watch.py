"""`segmenter watch`: what it says before it asks Kafka for anything. On a real Kafka: tests/e2e/test_commands.py."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from streams.cli import main

NOWHERE = ["--kafka", "127.0.0.1:1"]


def watch(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["watch", *NOWHERE, *arguments])


@pytest.fixture
def rules(tmp_path: Path) -> str:
    (tmp_path / "gone-quiet.yaml").write_text("segment: gone-quiet\nenter: idle_days >= 7\n")
    (tmp_path / "age.yaml").write_text("tier: age\nlevels: {new: tenure_days < 14, old: otherwise}\n")
    return str(tmp_path)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("gone-quit", "No rule makes a segment gone-quit. Did you mean gone-quiet?"),
        ("age/nwe", "No rule makes a segment age/nwe. Did you mean age/new?"),
        ("champions", "No rule makes a segment champions. There are: age, gone-quiet."),
    ],
)
def test_a_segment_that_no_rule_makes_is_refused_with_the_nearest(rules: str, asked: str, says: str) -> None:
    result = watch("--rules", rules, "--segment", asked)
    assert (result.exit_code, f"Error: {says} (--rules says where" in result.stderr) == (2, True)


@pytest.mark.parametrize("asked", ["gone-quiet", "age", "age/old"])
def test_a_segment_that_a_rule_makes_is_waited_for(rules: str, asked: str) -> None:
    assert "127.0.0.1:1" in watch("--rules", rules, "--segment", asked).stderr


def test_where_no_rules_are_any_segment_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "127.0.0.1:1" in watch("--segment", "gone-quit").stderr


def test_the_rules_that_happen_to_be_here_need_not_be_the_workers(rules: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(rules, "rules").mkdir()
    Path(rules, "gone-quiet.yaml").rename(Path(rules, "rules/gone-quiet.yaml"))
    monkeypatch.chdir(rules)
    assert "127.0.0.1:1" in watch("--segment", "report-fan").stderr
    assert "Did you mean gone-quiet? (--rules says where the rules are" in watch("--segment", "gone-quit").stderr


def test_a_broker_that_does_not_answer_is_told() -> None:
    result = watch()
    assert (result.exit_code, "127.0.0.1:1" in result.stderr) == (1, True)


def test_a_folder_of_rules_that_was_named_must_be_there(tmp_path: Path) -> None:
    result = watch("--rules", str(tmp_path / "gone"), "--segment", "gone-quiet")
    assert (result.exit_code, "gone: there is no such folder" in result.stderr) == (2, True)
