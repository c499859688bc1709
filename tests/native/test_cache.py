"""Where code cannot be kept, an engine is an engine all the same."""

import os
from pathlib import Path
from typing import Any, cast

import pytest

from streams.core.kernel.jit import ENTRIES
from streams.native.cache import cache_in


@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="nothing is compiled")
def test_that_code_cannot_be_kept_is_said_and_no_fault(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    entry, folder = ENTRIES[0], tmp_path / "a file" / "kernel-0"
    (tmp_path / "a file").touch()
    cache: Any = cache_in(folder, entry.function)
    for signature, compiled in cast(Any, entry.run).overloads.items():
        cache.save_overload(signature, compiled)
        cache.save_overload(signature, compiled)
    assert [record.getMessage() for record in caplog.records] == [
        f"engine - is compiled at each start, as it cannot be kept in {folder}: Not a directory"
    ]
