"""One ring with its windows, in a program and a row that hold nothing else.

Comes in: what its buckets hold, and the (length, units before) of each window. Goes out: the words `p` and `w`.
"""

from collections.abc import Sequence

import numpy as np

from streams.core.arrays import Ints
from streams.core.calendar import UTC, Calendar
from streams.core.compiler.assembler import Assembler
from streams.core.kernel.layout import DAYS, RINGS, UTC_OFFSET


class Ring:
    """address, windows: in the program. totals: the word in the row of each window's total."""

    row = 0

    def __init__(
        self,
        statistic: int,
        windows: Sequence[tuple[int, int]],
        *,
        is_days: bool = True,
        utc_offset_ms: int = 0,
        calendar: Calendar = UTC,
        counts_buckets: bool = False,
    ):
        self.length = max(span + before for span, before in windows)
        self.totals = [2 * (self.length + i) for i in range(len(windows))]
        out = Assembler()
        self.windows = [
            out.put([span, before, total, int(counts_buckets)])
            for (span, before), total in zip(windows, self.totals, strict=True)
        ]
        self.address = out.put([int(is_days), statistic, 0, self.length, out.put_list(self.windows)])
        out.words[RINGS] = out.put_list([self.address])
        out.words[UTC_OFFSET] = utc_offset_ms
        if calendar.beginnings is not None:
            out.words[DAYS] = out.put_list(calendar.beginnings.tolist())
        self.p = np.array(out.words, np.int64)
        self.w = np.zeros((1, 2 * (self.length + len(windows))), np.int64)

    @property
    def state(self) -> tuple[Ints, Ints, int, int]:
        """What a function of rings is given."""
        return self.p, self.w, self.row, self.address
