"""Texts that are left behind: whose code stands in no row any more.

Comes in: rows, and the words in which the value of a trait or property stands (its bits, then its kind). Goes out:
codes of texts, as the table numbers them.
"""

from collections.abc import Sequence, Set

import numpy as np

from streams.core.arrays import Ints
from streams.core.kernel.layout import LIST, TEXT

SLICE = 10_000  # of rows; most texts are others' too, and seen to be in the first


def texts_of(rows: Ints, words: Sequence[int]) -> set[int]:
    """The codes of all texts and lists in these rows."""
    found: set[int] = set()
    for word in words:
        kinds = rows[:, word + 1]
        codes = rows[:, word][(kinds == TEXT) | (kinds == LIST)].view(np.float64)
        found.update(map(int, codes.tolist()))
    return found


def unread_texts(rows: Ints, words: Sequence[int], codes: Set[int]) -> Set[int]:
    """Those of the codes that no row has."""
    for start in range(0, len(rows), SLICE):
        if not codes:
            break
        codes = codes - texts_of(rows[start : start + SLICE], words)
    return codes
