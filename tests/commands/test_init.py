"""A folder of rules of one's own, and the stories beside rules."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from streams.cli import main
from streams.stories import stories


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)))


@pytest.fixture
def made(tmp_path: Path) -> Path:
    result = run("init", tmp_path / "acme")
    assert result.exit_code == 0, result.output
    return tmp_path / "acme"


def test_what_is_made_is_right_and_goes_as_told(made: Path) -> None:
    assert run("check", made / "rules").exit_code == 0
    result = run("test", made / "rules")
    assert (result.exit_code, result.output) == (0, "All of 2 stories go as told.\n")


def test_its_test_passes_under_pytest(made: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=made,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_nothing_is_written_over(made: Path) -> None:
    (made / "rules/churn-risk.yaml").write_text("mine")
    result = run("init", made)
    assert result.exit_code == 2
    assert "name another folder" in result.output
    assert (made / "rules/churn-risk.yaml").read_text() == "mine"


def test_a_story_that_goes_otherwise_is_shown_line_by_line(made: Path) -> None:
    rule = made / "rules/churn-risk.yaml"
    rule.write_text(rule.read_text().replace("idle_days >= 7", "idle_days >= 9"))
    result = run("test", made / "rules")
    assert result.exit_code == 1
    assert "churn-risk: a paying customer goes quiet" in result.output
    assert "  - 2026-03-15 09:00  ann  enters churn-risk  (timer)" in result.output
    assert "  + 2026-03-17 09:00  ann  enters churn-risk  (timer)" in result.output
    with pytest.raises(AssertionError, match="enters churn-risk"):
        stories(made / "rules")[0].check()


@pytest.mark.parametrize(
    "text", ["told:\n  events: x\n", "told: nothing\n", "told: {events: a, changes: b, unitl: c}\n", "[1\n"]
)
def test_a_story_that_tells_nothing_is_a_fault(made: Path, text: str) -> None:
    (made / "rules/churn-risk.stories.yaml").write_text(text)
    result = run("test", made / "rules")
    assert result.exit_code == 2
    assert "churn-risk.stories.yaml" in result.output
