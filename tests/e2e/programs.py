"""Programs of others that tests run: a browser, Node. Where the machine has none it is installed, if that can be done;
else who runs the tests is told how.
"""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
FETCHED_WITHIN_S: Final = 300.0  # by a network that hangs it would never be
SDKS: Final = Path(__file__).parent / "sdks"
# What a page asks of other hosts goes to a proxy, which tells of it; nothing leaves the machine.
BROWSER: Final = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage"
).split()


def chromium() -> str:
    return program("chromium", "chromium-browser", "google-chrome", package="chromium")


def node() -> str:
    return program("node", "nodejs", package="nodejs")


def program(*names: str, package: str) -> str:
    """Where it is, by any of its names."""
    found = _which(names)
    if found is None and shutil.which("apt-get") and os.geteuid() == 0:
        for command in ("apt-get update", f"apt-get install --yes --no-install-recommends {package}"):
            subprocess.run(command.split(), check=False, capture_output=True, timeout=FETCHED_WITHIN_S)
        found = _which(names)
    if found is None:
        pytest.fail(f"There is no {names[0]} on this machine: `apt-get install {package}`, or put one on the PATH.")
    return found


def _which(names: tuple[str, ...]) -> str | None:
    return next(filter(None, map(shutil.which, names)), None)


@cache
def sdks() -> Path:
    """The folder of what `sdks/package-lock.json` pins, from npm the first time, beside what uses it. That is put there
    once: a file that is written anew is empty for a moment, for whoever has just begun to read it."""
    folder = ROOT / ".cache" / "sdks"
    npm = program("npm", package="npm")
    installed, wanted = folder / "node_modules" / ".package-lock.json", SDKS / "package-lock.json"
    if not installed.exists() or (folder / wanted.name).read_text() != wanted.read_text():
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(SDKS / name, folder)
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False, timeout=FETCHED_WITHIN_S
        )
        if done.returncode:
            pytest.fail(f"npm could not install the SDKs:\n{done.stderr}")
    for script in (*SDKS.glob("*.js"), *SDKS.glob("*.mjs"), *SDKS.glob("*.cjs")):
        shutil.copy(script, folder)
    return folder


def bundled(script: Path) -> str:
    """A script and all that it imports, for a browser."""
    bundler = SDKS_BUNDLER.format(folder=script.parent)
    command = [bundler, str(script), "--bundle", "--format=esm", "--log-level=error"]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=FETCHED_WITHIN_S).stdout


SDKS_BUNDLER: Final = "{folder}/node_modules/.bin/esbuild"
