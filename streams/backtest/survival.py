"""How long people stay, where many are still in: the product-limit estimator of Kaplan and Meier.

Comes in: lengths of stays that ended, and how long those that did not have lasted so far. Goes out: after how long a
part of them has left. (E. L. Kaplan, P. Meier: Nonparametric Estimation from Incomplete Observations, 1958.)
"""

from collections.abc import Sequence

import numpy as np

from streams.core.arrays import Ints


def left_after(part: float, ended: Sequence[int], lasting: Sequence[int]) -> int | None:
    """The shortest length (ms, as the others) after which at least this part of all that began has ended; None where
    that was never seen. One that lasts may end at the instant at which it was last looked at, and not before.

    >>> left_after(0.5, [1, 2, 3, 4], []), left_after(0.5, [1, 2], [2, 9]), left_after(0.5, [1], [5, 6])
    (2, 2, None)
    """
    if not len(ended):
        return None
    lengths, ends = np.unique(np.array(ended, np.int64), return_counts=True)
    at_risk = _at_least(np.array(ended, np.int64), lengths) + _at_least(np.array(lasting, np.int64), lengths)
    staying = np.cumprod(1.0 - ends / at_risk)
    reached = np.flatnonzero(staying <= 1.0 - part + 1e-12)
    return int(lengths[reached[0]]) if reached.size else None


def _at_least(values: Ints, bounds: Ints) -> Ints:
    """How many values are no less than each bound."""
    return len(values) - np.searchsorted(np.sort(values), bounds, side="left")
