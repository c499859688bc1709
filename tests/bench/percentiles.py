"""How long each of many took, said in a line's words."""

from collections.abc import Sequence
from statistics import quantiles


def percentiles(found: Sequence[float], aim: int) -> str:
    """found: in ms, at least two. aim: what the 99th percentile is to be under.

    >>> percentiles([*range(100), 500], aim=300)
    'median 50 ms, p99 492 ms (aim: under 300), max 500 ms'
    """
    cuts = quantiles(found, n=100)
    return f"median {cuts[49]:.0f} ms, p99 {cuts[98]:.0f} ms (aim: under {aim}), max {max(found):.0f} ms"
