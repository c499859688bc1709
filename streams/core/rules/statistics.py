"""The statistics of windows, a row each: all that the row of a profile, the program and the reasons of changes know.

Comes in: nothing. Goes out: `STATISTICS`, in which nothing is taken by default. How a statistic is written in a rule is
in `streams.core.language.vocabulary`. One whose buckets hold what no other's do needs a sort of bucket in the kernel
(`streams.core.kernel.buckets`), and a row in `BUCKETS`.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from streams.core.kernel.layout import (
    AMOUNT,
    BUCKET,
    COUNTS,
    EXTREME,
    GREATEST,
    LEAST,
    MOVE,
    SUM,
    SUMS,
    TOTAL,
)
from streams.core.rules.nodes import Statistic


class Bucket(NamedTuple):
    """A sort of bucket, by the half words that one takes, the words of a window's total, and the instruction by which
    that is read.
    """

    halves: int
    total_words: int
    read_by: int


BUCKETS: Final[Mapping[int, Bucket]] = {
    COUNTS: Bucket(halves=1, total_words=1, read_by=TOTAL),
    # Whole units and millionths apart: a total of 9e12 has no room for more in one word.
    SUMS: Bucket(halves=4, total_words=2, read_by=SUM),
    LEAST: Bucket(halves=2, total_words=1, read_by=EXTREME),
    GREATEST: Bucket(halves=2, total_words=1, read_by=EXTREME),
}


class Definition(NamedTuple):
    """One statistic.

    holds: what its buckets hold.
    told_by: what of an event is put into one: that it was (BUCKET); a property's number (AMOUNT); a property's value,
    which is taken out of the bucket where it was until now (MOVE).
    buckets_of: the statistic whose buckets it is read from.
    counts_buckets: whether it counts the buckets that are not empty.
    decays: whether time only lets it fall as long as no event comes.
    tells_values: whether what it says may be a value of the property, which may be private.
    """

    holds: int
    told_by: int
    buckets_of: Statistic
    counts_buckets: bool
    decays: bool
    tells_values: bool

    @property
    def bucket(self) -> Bucket:
        return BUCKETS[self.holds]

    @property
    def of_property(self) -> bool:
        return self.told_by != BUCKET


STATISTICS: Final[Mapping[Statistic, Definition]] = {
    "count": Definition(COUNTS, BUCKET, "count", counts_buckets=False, decays=True, tells_values=False),
    "active_days": Definition(COUNTS, BUCKET, "count", counts_buckets=True, decays=True, tells_values=False),
    "sum": Definition(SUMS, AMOUNT, "sum", counts_buckets=False, decays=False, tells_values=True),
    "values": Definition(COUNTS, AMOUNT, "values", counts_buckets=False, decays=True, tells_values=False),
    "min": Definition(LEAST, AMOUNT, "min", counts_buckets=False, decays=False, tells_values=True),
    "max": Definition(GREATEST, AMOUNT, "max", counts_buckets=False, decays=False, tells_values=True),
    "distinct": Definition(COUNTS, MOVE, "distinct", counts_buckets=False, decays=True, tells_values=False),
}
