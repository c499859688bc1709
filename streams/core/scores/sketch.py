"""How one number is spread over many profiles, in a few kilobytes however many they are.

Comes in: a number of each profile of a shard. Goes out: a `Sketch`, to be sent, stored, and merged with those of
other shards.

It is exact, until it is thinned for the way: then no more than `POINTS` values are left of it. That leaves it exact if
it had no more, as days of activity and prices of plans have. Otherwise they are at even ranks, and each also stands for
what was between it and the one before. So what is below any value counts at most as many as there are, and fewer by
less than a `POINTS`th of all; which holds of merged summaries as of each.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from streams.core.arrays import Floats, Ints

POINTS: Final = 500  # two in a thousand, a tenth of what quintile edges forgive before they move


class Sketch(msgspec.Struct, frozen=True):
    """values: ascending, different and finite. counts: how many profiles each stands for."""

    values: tuple[float, ...]
    counts: tuple[int, ...]

    @property
    def size(self) -> int:
        return sum(self.counts)

    def thinned(self) -> "Sketch":
        """No more than `POINTS` values."""
        if len(self.values) <= POINTS:
            return self
        upto = np.cumsum(self.counts)
        ranks = -(-upto[-1] * np.arange(1, POINTS + 1) // POINTS)
        kept = np.unique(np.searchsorted(upto, ranks))
        return _summary(np.array(self.values)[kept], np.diff(upto[kept], prepend=0))


def sketch_of(values: Floats) -> Sketch:
    """One shard, exactly. What is missing (NaN) is left out, and so is what is infinite, which is missing too.

    >>> sketch_of(np.array([3.0, 0.0, np.nan, 3.0]))
    Sketch(values=(0.0, 3.0), counts=(1, 2))
    """
    return _summary(*np.unique(values[np.isfinite(values)], return_counts=True))


def merge(summaries: Sequence[Sketch]) -> Sketch:
    """All their profiles together, with every value that one of them has."""
    values = np.array([value for one in summaries for value in one.values], np.float64)
    counts = np.array([count for one in summaries for count in one.counts], np.int64)
    different, place = np.unique(values, return_inverse=True)
    total = np.zeros(len(different), np.int64)
    np.add.at(total, place, counts)
    return _summary(different, total)


def _summary(values: Floats, counts: Ints) -> Sketch:
    return Sketch(tuple(values.tolist()), tuple(counts.tolist()))
