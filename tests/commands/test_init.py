"""`segmenter init`: what it makes passes its own test, and nothing of yours is lost."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from streams.cli import main

ROOT = Path(__file__).parents[2]
PYTEST = ["pytest", "-p", "no:cacheprovider", "-p", "no:asyncio"]  # without a plugin that only our own tests need


def init(folder: Path) -> Result:
    return CliRunner().invoke(main, ["init", str(folder)])


@pytest.fixture
def made(tmp_path: Path) -> Path:
    folder = tmp_path / "my-segments"
    result = init(folder)
    assert result.exit_code == 0, result.stderr
    return folder


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_it_says_what_there_is_and_what_to_try(tmp_path: Path) -> None:
    folder = tmp_path / "our segments"
    said = init(folder).output
    made = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
    assert len(made) == 7
    assert all(path in said for path in made)
    assert said.endswith(f"Try:\n    cd '{folder}'\n    segmenter check\n    segmenter test\n")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["streams", "check"], "1 segment is right.\n"),
        (["streams", "test"], "3 stories go as they are told.\n"),
        (PYTEST, "3 passed"),
    ],
)
def test_what_it_makes_passes_its_own_test(made: Path, words: list[str], says: str) -> None:
    done = run(made, *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert says in done.stdout


def test_a_story_that_goes_otherwise_is_a_test_that_fails_and_shows_it(made: Path) -> None:
    rule = made / "rules/gone-quiet.yaml"
    rule.write_text(rule.read_text().replace("idle_days >= 7", "idle_days >= 8"))
    done = run(made, *PYTEST)
    assert done.returncode == 1
    assert "2 failed, 1 passed" in done.stdout
    assert "test_stories[gone-quiet: a paying customer is not seen for a week]" in done.stdout
    assert "by then out, and never was in: not idle_days >= 8 (is 7)" in done.stdout


def test_github_runs_what_is_run_here(made: Path) -> None:
    workflow = yaml.safe_load((made / ".github/workflows/rules.yml").read_text())
    steps = [step["run"] for step in workflow["jobs"]["rules"]["steps"] if "run" in step]
    assert steps[1:] == ["segmenter check", "pytest"]


def test_editors_find_the_schema_where_the_rule_says(made: Path) -> None:
    first_line = (made / "rules/gone-quiet.yaml").read_text().splitlines()[0]
    assert first_line == "# yaml-language-server: $schema=schema.json"
    stories = (made / "rules/gone-quiet.stories.yaml").read_text()
    assert stories.startswith("# yaml-language-server: $schema=stories.schema.json\n")
    assert (made / "rules/stories.schema.json").read_text() == (ROOT / "rules/stories.schema.json").read_text()
    assert (made / "rules/schema.json").read_text() == (ROOT / "rules/schema.json").read_text()


def test_it_goes_into_a_folder_that_has_other_files(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("ours")
    assert init(tmp_path).exit_code == 0
    assert (tmp_path / "README.md").read_text() == "ours"


@pytest.mark.parametrize("theirs", ["test_rules.py", "rules/gone-quiet.yaml"])
def test_where_a_file_is_there_already_nothing_is_written(tmp_path: Path, theirs: str) -> None:
    path = tmp_path / theirs
    path.parent.mkdir(exist_ok=True)
    path.write_text("ours")
    result = init(tmp_path)
    assert result.exit_code == 2
    assert f"{path} is there already" in result.stderr
    assert path.read_text() == "ours"
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == [path]


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "rules").write_text("a file")
    result = init(tmp_path)
    assert result.exit_code == 2
    assert "cannot be written: " in result.stderr
