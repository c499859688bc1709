"""The lock files: what the demo runs on, and all that the tests need."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def pins(name: str) -> set[tuple[str, str]]:
    return set(re.findall(r"^([\w.-]+)==(.*?)(?: \\)?$", (ROOT / name).read_text(), re.MULTILINE))


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=]", requirement)[0].lower() for requirement in requirements}


def test_the_demo_runs_on_what_the_tests_ran_on() -> None:
    assert pins("requirements.lock") < pins("requirements-test.lock")


def test_each_lock_has_what_the_project_asks_for() -> None:
    project, groups = PYPROJECT["project"], PYPROJECT["dependency-groups"]
    runs = names([*project["dependencies"], *project["optional-dependencies"]["embedded"], *groups["checkout"]])
    tests = names([each for each in groups["test"] if isinstance(each, str)])
    assert runs <= {name for name, _ in pins("requirements.lock")}
    assert tests <= {name for name, _ in pins("requirements-test.lock")}
    assert tests.isdisjoint(name for name, _ in pins("requirements.lock"))
