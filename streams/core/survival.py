"""How long people stay, where many are still in: the product-limit estimator of Kaplan and Meier.

Comes in: lengths of stays that ended, and how long those that did not have lasted so far. Goes out: after how long a
part of them has left; what part stays longer. (E. L. Kaplan, P. Meier: Nonparametric Estimation from Incomplete
Observations, 1958.)
"""

from collections.abc import Sequence

import numpy as np

from streams.core.arrays import Floats, Ints


def left_after(part: float, ended: Sequence[int], lasting: Sequence[int]) -> int | None:
    """The shortest length (ms, as the others) after which at least this part of all that began has ended; None where
    that was never seen. One that lasts may end at the instant at which it was last looked at, and not before.

    >>> left_after(0.5, [1, 2, 3, 4], []), left_after(0.5, [1, 2], [2, 9]), left_after(0.5, [1], [5, 6])
    (2, 2, None)
    """
    lengths, staying = _curve(ended, lasting)
    reached = np.flatnonzero(staying <= 1.0 - part + 1e-12)
    return int(lengths[reached[0]]) if reached.size else None


def staying_after(length: int, ended: Sequence[int], lasting: Sequence[int]) -> float | None:
    """The part of all that began which lasts longer; None where none was ever seen for so long.

    >>> staying_after(2, [1, 2, 3, 4], []), staying_after(2, [1], [5, 6]), staying_after(7, [1], [5, 6])
    (0.5, 0.6666666666666667, None)
    """
    if length > max([*ended, *lasting], default=-1):
        return None
    lengths, staying = _curve(ended, lasting)
    passed = int(np.searchsorted(lengths, length, side="right"))
    return float(staying[passed - 1]) if passed else 1.0


def _curve(ended: Sequence[int], lasting: Sequence[int]) -> tuple[Ints, Floats]:
    """The lengths after which stays have ended, each once, and what part lasts longer."""
    lengths, ends = np.unique(np.array(ended, np.int64), return_counts=True)
    at_risk = _at_least(np.array(ended, np.int64), lengths) + _at_least(np.array(lasting, np.int64), lengths)
    staying: Floats = np.cumprod(1.0 - ends / at_risk, dtype=np.float64)
    return lengths, staying


def _at_least(values: Ints, bounds: Ints) -> Ints:
    """How many values are no less than each bound."""
    return len(values) - np.searchsorted(np.sort(values), bounds, side="left")
