"""The profiles, as the kernel is given them: a row each, and two spare ones behind them to work in.

Comes in: the arrays of `streams.core.profiles.table`. Goes out: their places in what every function is given as `m`.
"""

from typing import NamedTuple

from streams.core.arrays import Ints
from streams.core.kernel.jit import inlined

SPARE_ROWS = 2


class Memory(NamedTuple):
    """The table's arrays, and the kernel's own space."""

    words: Ints  # (rows + SPARE_ROWS, width)
    due: Ints  # (rows,)
    dirty: Ints  # (rows,)
    space: Ints


@inlined
def copy_row(w, row, source):
    """All words of a row into another."""
    for word in range(w.shape[1]):
        w[row, word] = w[source, word]
