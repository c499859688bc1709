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
    config.pluginmanager.register(Watch(bound_s={bound_s}, again_s=0.2, ends_within_s=0.2))
"""
IMPORTS = """
import asyncio, os, subprocess, threading, time
from pathlib import Path
import pytest

went_on = Path(__file__).with_name("went-on")
"""
HANG = """
patience = [0, 1, 2]

def test_a_process():
    subprocess.run(["sleep", "1000"])

def test_a_pipe():
    os.fdopen(os.pipe()[0]).readline()

def test_a_thread():
    thread = threading.Thread(target=time.sleep, args=[1000], daemon=True)
    thread.start()
    thread.join()

def test_a_loop_of_its_own():
    asyncio.run(asyncio.Event().wait())

async def test_a_coroutine():
    await asyncio.Event().wait()

async def test_what_cleans_up():
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.Event().wait()

def test_what_does_not_let_itself_be_interrupted():
    while True:
        try:
            time.sleep(1000)
        except BaseException:
            if patience.pop() == 0:
                raise

@pytest.fixture
def hanging():
    time.sleep(1000)

def test_a_fixture(hanging):
    pass

@pytest.fixture
def hanging_afterwards():
    yield
    time.sleep(1000)

def test_the_end_of_a_fixture(hanging_afterwards):
    pass

def test_next():
    went_on.touch()
"""


def test_a_test_that_hangs_fails_with_where_it_is_and_the_next_one_runs(tmp_path: Path) -> None:
    status, said = run(tmp_path, HANG)
    assert status == 1, said
    assert (tmp_path / "went-on").exists(), said
    last = said.partition("= tests that hung =")[2]
    for name in re.findall(r"def test_(\w+)", HANG.partition("def test_next")[0]):
        told = rf"\ntest_it.py::test_{name}: its (setup|call|teardown)\n    .*/test_it.py:\d+ \w+\n"
        assert re.search(told, last), (name, said)


@pytest.mark.parametrize(("what", "ended"), [("pass", 0), ("assert not went_on", 1)])
def test_a_thread_that_a_test_left_behind_does_not_keep_the_run(what: str, ended: int, tmp_path: Path) -> None:
    left = f"def test_leaves():\n    threading.Thread(target=time.sleep, args=[1000]).start()\n    {what}\n"
    status, said = run(tmp_path, left, bound_s=60)
    assert status == ended, said


def run(folder: Path, tests: str, bound_s: float = 0.2) -> tuple[int, str]:
    """The status with which a run of such tests ends, and what it says."""
    (folder / "conftest.py").write_text(CONFTEST.format(bound_s=bound_s))
    (folder / "test_it.py").write_text(IMPORTS + tests)
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(folder)]
    told = subprocess.run(
        [*command, "-p", "no:cacheprovider", str(folder)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return told.returncode, told.stdout
