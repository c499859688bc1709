"""The events of a batch, as the kernel reads them.

Comes in: words of what rules read of each event, made by `streams.core.engine.encoding`. Goes out: where each stands.
"""

from typing import NamedTuple

import numpy as np

from streams.core.arrays import Ints

# An occurrence: one event, or one that is derived from it and follows it. LAST is 0 where more of the event follow;
# WRITES .. WRITES_END are the words it sets; SETS_TRAITS: whether there are traits among them. What rules read of it
# stands from COLUMNS on: the bits of numbers, whether a `where` holds, where a value was counted until now.
O_ROW, TS, CLASS, ACTIVE, LAST, SETS_TRAITS, WRITES, WRITES_END, COLUMNS = range(9)


class Occurrences(NamedTuple):
    """A batch: `words` (occurrences, COLUMNS and more), and the (word, bits) that they write into their rows."""

    words: Ints
    writes: Ints


NO_OCCURRENCES = Occurrences(np.empty((0, COLUMNS), np.int64), np.empty((0, 2), np.int64))
