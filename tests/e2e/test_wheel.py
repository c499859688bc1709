"""The package as users get it: a wheel, in an environment of its own, away from the checkout."""

import subprocess
import sys
from pathlib import Path

import pytest

import streams
from tests.e2e.pipeline import WITHIN_S

ROOT = Path(__file__).parents[2]
HISTORY = ROOT / "docs/examples/events.jsonl"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command `segmenter` of a fresh environment with nothing but the wheel and what it asks for."""
    folder = tmp_path_factory.mktemp("installed")
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT)
    run(sys.executable, "-m", "venv", folder / "venv")
    (wheel,) = folder.glob("*.whl")
    run(folder / "venv/bin/pip", "install", "--quiet", "--disable-pip-version-check", wheel)
    return folder / "venv/bin/segmenter"


def run(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, capture_output=True, text=True, check=False, timeout=WITHIN_S
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_says_which_version_it_is(installed: Path, tmp_path: Path) -> None:
    assert streams.__version__ in run(installed, "--version", cwd=tmp_path)


def test_it_replays_a_history_by_the_rules_that_ship_with_it(installed: Path, tmp_path: Path) -> None:
    rules = next((installed.parents[1]).glob("lib/*/site-packages/streams/rules"))
    told = run(installed, "replay", HISTORY, "--rules", rules, "--until", "2026-03-31", "--words", cwd=tmp_path)
    assert "enters churn-risk" in told


def test_it_has_a_worker_to_run(installed: Path, tmp_path: Path) -> None:
    """Whatever a worker imports is there."""
    run(installed.with_name("python"), "-c", "import streams.runtime.app", cwd=tmp_path)
    assert "Usage: segmenter worker" in run(installed, "worker", "--help", cwd=tmp_path)
