"""Which ids of a history have to do with each other: they are linked, or users who are merged.

Comes in: hashes of two ids each. Goes out: by the hash of an id, the one that stands for all that it has to do with.
"""

from collections.abc import Iterable

import numpy as np

from streams.core.arrays import Ints


def together(pairs: Iterable[Ints]) -> dict[int, int]:
    stands_for: dict[int, int] = {}
    for one, other in np.unique(np.concatenate([*pairs, np.empty((0, 2), np.int64)]), axis=0).tolist():
        first, second = _found(stands_for, one), _found(stands_for, other)
        if first != second:
            stands_for[second] = first
    return {each: _found(stands_for, each) for each in stands_for}


def _found(stands_for: dict[int, int], each: int) -> int:
    """What stands for it, with the way there made short."""
    way = []
    while (to := stands_for.get(each)) is not None:
        way.append(each)
        each = to
    for passed in way:
        stands_for[passed] = each
    return each
