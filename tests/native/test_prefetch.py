"""What asks for a row is the processor's own instruction once it is compiled, and reads nothing."""

import os
from typing import Any

import numba
import numpy as np
import pytest

from streams.core.arrays import Ints
from streams.core.kernel.prefetch import prefetch
from streams.native import prefetch as instruction


@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="nothing is compiled")
def test_it_is_the_instruction_of_the_processor() -> None:
    assert instruction.TO_WRITE

    def ask_for_one(words: Ints) -> None:
        prefetch(words, 1, 3)

    compile_with: Any = numba.njit  # its published types know no function of arrays
    ask, table = compile_with(ask_for_one), np.arange(16).reshape(2, 8)
    ask(table)
    (code,) = ask.inspect_llvm().values()
    assert "call void @llvm.prefetch" in code
    assert table.tolist() == np.arange(16).reshape(2, 8).tolist()
