"""Where machine code is kept: one folder for all that run the same kernel, wherever their sources lie.

Comes in: a folder of the user's. Goes out: the folder in it for this kernel. A kernel whose sources differ, or that
another numba compiles, has another; in it, numba tells processors and Pythons apart.
"""

from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import streams

# What the kernel's functions are made of, and how they are compiled.
MADE_OF = ("core/kernel/*.py", "core/*.py", "native/*.py")
COMPILERS = ("numba", "llvmlite")


def folder(cache: Path) -> Path:
    """The folder of this kernel's code within `cache`."""
    return cache / f"kernel-{fingerprint(Path(streams.__file__).parent)}"


def is_kept(cache: Path) -> bool:
    """Whether there is code: of another processor, perhaps, which is seldom, and then it is compiled once more."""
    return any(folder(cache).glob("*.nbc"))


def fingerprint(package: Path) -> str:
    """What changes with the sources of the kernel in a folder of `streams`, and with the compilers."""
    files = sorted(file for pattern in MADE_OF for file in package.glob(pattern))
    sources = b"".join(file.read_bytes() for file in files)
    return sha256(sources + " ".join(map(version, COMPILERS)).encode()).hexdigest()[:16]
