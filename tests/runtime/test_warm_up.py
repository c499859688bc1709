"""Warming up leaves nothing of the engine to be compiled while a worker works."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
from streams.core.kernel import hash_table, loop, packing
from streams.runtime.warm_up import warm_up
warm_up()
modules = loop, packing, hash_table
entries = [each for module in modules for each in vars(module).values() if hasattr(each, "signatures")]
own = [each for each in entries if each.py_func.__module__ in [module.__name__ for module in modules]]
print(sorted(each.__name__ for each in own if each.targetoptions.get("nogil") and not each.signatures))
"""


@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="nothing is compiled")
def test_every_entry_of_the_engine_that_a_worker_calls_is_compiled() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
