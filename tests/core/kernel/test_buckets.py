"""What a bucket holds, by the statistic of its ring."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.kernel.bits import add_to_half
from streams.core.kernel.buckets import bucket_counts, empty, extreme_of, further, is_empty, number_of
from streams.core.kernel.layout import COUNTS, GREATEST, LEAST, SUMS
from tests.core.kernel.ring import Ring

EVERY = pytest.mark.parametrize("statistic", [COUNTS, SUMS, LEAST, GREATEST])
NUMBERS = st.floats(allow_nan=False)


def filled(statistic: int) -> Ring:
    """A ring whose three buckets all hold something."""
    ring = Ring(statistic, [(3, 0)])
    for at in range(3):
        if statistic == COUNTS:
            add_to_half(ring.w, ring.row, 0, at, 1 + at)
        elif statistic == SUMS:
            ring.w[ring.row, 2 * at : 2 * at + 2] = 0, 1  # a millionth
        else:
            ring.w[ring.row, at] = extreme_of(0.0)
    return ring


def are_empty(ring: Ring) -> list[bool]:
    return [is_empty(*ring.state, at) for at in range(ring.length)]


@EVERY
@pytest.mark.parametrize("at", range(3))
def test_one_bucket_is_emptied_and_no_other(statistic: int, at: int) -> None:
    ring = filled(statistic)
    assert are_empty(ring) == [False] * 3
    empty(*ring.state, at)
    assert are_empty(ring) == [place == at for place in range(3)]


@EVERY
def test_a_ring_of_zeros_is_empty(statistic: int) -> None:
    assert are_empty(Ring(statistic, [(3, 0)])) == [True] * 3


def test_a_sum_of_whole_units_is_not_empty() -> None:
    ring = Ring(SUMS, [(1, 0)])
    ring.w[0, 0] = -2
    assert are_empty(ring) == [False]


@pytest.mark.parametrize(("counts_buckets", "counted"), [(False, [1, 2, 3]), (True, [1, 1, 1])])
def test_a_window_counts_events_or_the_buckets_that_have_any(counts_buckets: bool, counted: list[int]) -> None:
    ring, of_windows = filled(COUNTS), Ring(COUNTS, [(3, 0)], counts_buckets=counts_buckets)
    window = of_windows.windows[0]
    assert [bucket_counts(of_windows.p, ring.w, 0, ring.address, window, at) for at in range(3)] == counted


@given(NUMBERS)
def test_an_extreme_is_a_number_and_never_zero_which_is_none(number: float) -> None:
    extreme = extreme_of(number)
    assert extreme != 0
    assert number_of(extreme) == number
    assert np.isnan(number_of(0))


@given(NUMBERS, NUMBERS)
def test_of_two_extremes_the_one_stands_that_numpy_finds(one: float, other: float) -> None:
    extremes = extreme_of(one), extreme_of(other)
    for statistic, find in ((LEAST, np.minimum), (GREATEST, np.maximum)):
        assert number_of(further(statistic, *extremes)) == find(one, other)


@given(NUMBERS, st.sampled_from([LEAST, GREATEST]))
def test_none_stands_back_behind_any_number(number: float, statistic: int) -> None:
    extreme = extreme_of(number)
    assert further(statistic, extreme, 0) == further(statistic, 0, extreme) == extreme
    assert further(statistic, 0, 0) == 0
