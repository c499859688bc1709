"""The kernel compiled: all of it, by nobody's list; once on a machine; with word of how far it is."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import streams
from streams.core.kernel.jit import ENTRIES, INNER
from streams.native import code
from streams.settings import cache_folder

pytestmark = pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="nothing is compiled")

# Prints how many functions are done each time that is told, and the entries that are not compiled in the end.
COMPILE = """
import sys
from pathlib import Path
from streams.core.kernel.jit import ENTRIES
from streams.native.build import compile_kernel
compile_kernel(Path(sys.argv[1]), lambda done, of: print(f"{done}/{of}"))
print([entry.function.__name__ for entry in ENTRIES if not getattr(entry.run, "signatures", None)])
"""


def compiled(cache: Path, checkout: Path) -> tuple[list[str], str]:
    """What a process of its own tells of its progress, and what it leaves out."""
    command = [sys.executable, "-c", COMPILE, str(cache)]
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=True)
    *progress, left_out = done.stdout.splitlines()
    return progress, left_out


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A second checkout."""
    shutil.copytree(Path(streams.__file__).parent, tmp_path / "copy" / "streams")
    return tmp_path / "copy"


def test_with_nothing_kept_all_functions_are_compiled_and_each_is_counted(tmp_path: Path) -> None:
    functions = len(ENTRIES) + len(INNER)
    progress, left_out = compiled(tmp_path, Path(streams.__file__).parents[1])
    assert progress == [f"{done}/{functions}" for done in range(functions + 1)]
    assert left_out == "[]"
    assert code.is_kept(tmp_path)


def test_a_second_checkout_compiles_nothing_that_the_first_has_compiled(copy: Path) -> None:
    assert compiled(cache_folder(), copy) == ([], "[]")


@pytest.mark.parametrize("file", ["core/kernel/windows.py", "core/instants.py", "native/pipeline.py"])
def test_code_of_other_sources_is_not_used(file: str, copy: Path) -> None:
    sources = copy / "streams"
    assert code.fingerprint(sources) == code.fingerprint(Path(streams.__file__).parent)
    with (sources / file).open("a") as source:
        source.write("# other\n")
    assert code.fingerprint(sources) != code.fingerprint(Path(streams.__file__).parent)
