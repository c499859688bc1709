"""Prometheus' own `promtool`: the one on this machine, or else the one of Debian's package, which apt brings into
`.cache` once; no root is needed, and nothing is installed.

Comes in: arguments. Goes out: what it says, if it is content.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import pytest

KEPT: Final = Path(__file__).parents[1] / ".cache" / "prometheus"
FETCHED_WITHIN_S: Final = 300.0
WHERE: Final = "promtool is not on this machine, and apt does not bring it: install Debian's package `prometheus`"


def promtool(*arguments: str | Path, given: bytes | None = None) -> str:
    """Fails where it complains; skips where there is none."""
    done = subprocess.run(
        [_path(), *arguments], input=given, capture_output=True, check=False, timeout=FETCHED_WITHIN_S
    )
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, said
    return said


def _path() -> str:
    found = shutil.which("promtool")
    if found is None:
        if not (KEPT / "usr/bin/promtool").exists():
            _fetch()
        found = str(KEPT / "usr/bin/promtool")
    return found


def _fetch() -> None:
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        pytest.skip(WHERE)
    with tempfile.TemporaryDirectory() as folder:
        if subprocess.run(
            ["apt-get", "download", "prometheus"],
            cwd=folder,
            capture_output=True,
            check=False,
            timeout=FETCHED_WITHIN_S,
        ).returncode:
            pytest.skip(WHERE)
        [package] = Path(folder).glob("*.deb")
        subprocess.run(["dpkg-deb", "--extract", package, KEPT], check=True)
