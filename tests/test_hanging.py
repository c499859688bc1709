"""A test that hangs, wherever it does, fails by its name, and the tests after it have their turn."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pages import ROOT

CONFTEST = """
from tests.hanging import Watch

def pytest_configure(config):
    config.pluginmanager.register(Watch(bound_s=0.2, again_s=0.2))
"""
WAYS = {
    "a process": "def test_hangs():\n    subprocess.run(['sleep', '1000'])",
    "a pipe": "def test_hangs():\n    os.fdopen(os.pipe()[0]).readline()",
    "a thread": "def test_hangs():\n    thread = threading.Thread(target=time.sleep, args=[1000], daemon=True)\n"
    "    thread.start()\n    thread.join()",
    "a loop of its own": "def test_hangs():\n    asyncio.run(asyncio.Event().wait())",
    "a task": "def test_hangs():\n    async def hangs():\n        await asyncio.create_task(asyncio.Event().wait())\n"
    "    asyncio.run(hangs())",
    "a coroutine": "async def test_hangs():\n    await asyncio.Event().wait()",
    "what cleans up": "async def test_hangs():\n    try:\n        await asyncio.Event().wait()\n"
    "    finally:\n        await asyncio.Event().wait()",
    "what is not to be interrupted": "def test_hangs():\n    while True:\n        try:\n            time.sleep(1000)\n"
    "        except BaseException as error:\n            if patience.pop() == 0:\n                raise",
    "a fixture": "@pytest.fixture\ndef hangs():\n    time.sleep(1000)\n\ndef test_hangs(hangs):\n    pass",
    "a fixture's end": "@pytest.fixture\ndef hangs():\n    yield\n    time.sleep(1000)\n\n"
    "def test_hangs(hangs):\n    pass",
}


@pytest.mark.parametrize("way", WAYS)
def test_a_test_that_hangs_fails_with_where_it_is_and_the_next_one_runs(way: str, tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_it.py").write_text(
        "import asyncio, os, subprocess, threading, time\nfrom pathlib import Path\nimport pytest\n"
        f"patience = [0, 1, 2]\n\n{WAYS[way]}\n\ndef test_next():\n    Path(__file__).with_name('went-on').touch()\n"
    )
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path)]
    told = subprocess.run(
        [*command, "-p", "no:cacheprovider", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert told.returncode == 1, told.stdout
    assert (tmp_path / "went-on").exists(), told.stdout
    last = told.stdout.partition("= tests that hung =")[2]
    assert re.match(r"=+\ntest_it.py::test_hangs: its (setup|call|teardown)\n    .*/test_it.py:\d+ \w+\n", last), (
        told.stdout
    )
