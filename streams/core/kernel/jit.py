"""How the kernel's functions are compiled: once, kept on disk, and never stale.

Comes in: a function of scalars and arrays. Goes out: the same function, compiled by numba (or as it is,
under `NUMBA_DISABLE_JIT=1`, so that it can be stepped through and covered).
"""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core import config

Function = TypeVar("Function", bound=Callable[..., Any])

# numba looks only at a function's own file to see whether its cached code is stale, not at the files of the
# functions it calls; so the code is kept under a name that changes with any file of this folder.
_settings: Any = config  # its published types know none of the names it makes from the environment
COMPILES = not _settings.DISABLE_JIT


def _fingerprint() -> str:
    files = sorted(Path(__file__).parent.glob("*.py"))
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def _keep_code_apart() -> None:
    root = Path(_settings.CACHE_DIR) if _settings.CACHE_DIR else Path.home() / ".cache" / "segmenter"
    _settings.CACHE_DIR = str(root / f"kernel-{_fingerprint()}")


_keep_code_apart()


# The kernel makes no arrays, only looks at those it is given; so numba need not count who holds them (`_nrt`), which
# would cost more than the work itself. Inner functions are called by compiled ones alone and need no wrappers.
OPTIONS: dict[str, Any] = {"error_model": "numpy", "no_cfunc_wrapper": True, "_nrt": False}


def _compile(function: Function, **options: Any) -> Function:
    compile_with: Any = numba.njit  # its published types know only some of its options
    result: Function = compile_with(**OPTIONS, **options)(function)
    return result


def compiled(function: Function) -> Function:
    """Compile `function` for the use of other compiled functions. Division by zero gives inf or NaN, as IEEE says."""
    return _compile(function, no_cpython_wrapper=True)


def inlined(function: Function) -> Function:
    """The same, compiled into each of its callers: what is small, and called for every event."""
    return _compile(function, no_cpython_wrapper=True, forceinline=True)


def part(function: Function) -> Function:
    """Compile `function` as a part of its one caller, and not by itself: what calls much else. A module of its own
    would have all of that optimised once more.
    """
    return _compile(function, no_cpython_wrapper=True, inline="always")


def entry(function: Function) -> Function:
    """Compile `function`, which Python calls, at its first call; keep the code on disk."""
    return _compile(function, cache=True, nogil=True)
