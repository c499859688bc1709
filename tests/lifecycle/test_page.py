"""docs/rollout.md: what its workflow runs does what the page says, against a real Redis."""

import shlex
import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from streams.cli import main
from streams.embedded.redis import RedisServer
from streams.rulefiles import parse
from tests.pages import ROOT, blocks

RULE, WORKFLOW = (yaml.safe_load(block.text) for block in blocks(ROOT / "docs/rollout.md", "yaml"))
STEPS = [step for step in WORKFLOW["jobs"]["rules"]["steps"] if step.get("run", "").startswith("segmenter ")]


def run(step: dict[str, str], folder: Path) -> Result:
    said = step["run"].replace("$GITHUB_SHA", "abc123").replace("$GITHUB_ACTOR", "ann")
    _, *words = (str(folder) if word == "rules" and place > 1 else word for place, word in enumerate(shlex.split(said)))
    return CliRunner().invoke(main, words)


@pytest.fixture
def folder(redis_server: RedisServer, group: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEGMENTER_REDIS", redis_server.url)
    monkeypatch.setenv("SEGMENTER_GROUP", group)
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    return tmp_path / "rules"


def test_the_workflow_applies_what_is_merged_once(folder: Path) -> None:
    for _ in range(2):
        results = [run(step, folder) for step in STEPS]
        assert [result.exit_code for result in results] == [0] * len(STEPS), [result.output for result in results]
    (line,) = CliRunner().invoke(main, ["rules", "history"]).output.splitlines()[1:]
    assert line.startswith("1 live  ")
    assert line.endswith("  abc123")
    assert "  ann  " in line


def test_the_nightly_job_fails_where_somebody_applied_what_is_not_in_git(folder: Path) -> None:
    for step in STEPS:
        run(step, folder)
    assert CliRunner().invoke(main, ["rules", "diff", str(folder)]).exit_code == 0
    next(folder.glob("*.yaml")).unlink()
    assert CliRunner().invoke(main, ["rules", "diff", str(folder)]).exit_code == 1


def test_the_rule_that_is_shown_is_in_shadow() -> None:
    (rule,) = parse(yaml.safe_dump(RULE)).rules
    assert rule.is_shadow
