"""Who is held out, and who gets which variant: by hashes, so that it is the same each time and on every machine."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

PARTS: Final = 1 << 53


def share(*parts: str) -> float:
    """From 0 up to 1, evenly over all texts: the first 53 bits of SHA-256 of the parts, joined by NUL.

    >>> 0.0 <= share("salt", "nudges", "ann") < 1.0
    True
    """
    return (int.from_bytes(sha256("\0".join(parts).encode()).digest()[:8]) >> 11) / PARTS


def is_held_out(salt: str, group: str, user: str, holdout: float) -> bool:
    """Whoever is held out of a group of messages is so of all of them, at any greater share too."""
    return share(salt, group, user) < holdout


def variant_of(salt: str, message: str, user: str, variants: Sequence[str]) -> str:
    """One of them, each for as many users as the others. The hash is another one than that of the holdout."""
    return variants[int(share(salt, "variant", message, user) * len(variants))]
