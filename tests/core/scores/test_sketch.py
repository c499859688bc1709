"""How one number is spread over many profiles, in a few kilobytes."""

from collections import Counter
from math import inf, nan

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streams.core.arrays import Floats
from streams.core.scores.sketch import POINTS, Sketch, merge, sketch_of

numbers = st.one_of(st.just(0.0), st.integers(-3, 3).map(float), st.floats(allow_nan=False, allow_infinity=False))
shards = st.lists(st.lists(numbers), max_size=4)

SHAPES = {
    "even": lambda random, size: random.uniform(0.0, 365.0, size),
    "a few spend most": lambda random, size: random.pareto(1.0, size),
    "half are nothing": lambda random, size: np.maximum(random.normal(0.0, 50.0, size), 0.0),
    "whole numbers": lambda random, size: np.floor(random.exponential(2_000.0, size)),
}


def spread(shape: str, seed: int, size: int) -> Floats:
    values: Floats = SHAPES[shape](np.random.default_rng(seed), size)
    return values


def below(summary: Sketch, value: float) -> int:
    return sum(count for one, count in zip(summary.values, summary.counts, strict=True) if one < value)


@given(st.lists(numbers, max_size=200))
def test_a_summary_is_exact(values: list[float]) -> None:
    summary = sketch_of(np.array(values, np.float64))
    assert dict(zip(summary.values, summary.counts, strict=True)) == Counter(values)
    assert list(summary.values) == sorted(set(values))
    assert summary.size == len(values)


def test_a_summary_of_few_different_values_stays_exact_when_it_is_thinned() -> None:
    active_days = np.random.default_rng(1).integers(0, POINTS, 100_000).astype(np.float64)
    summary = sketch_of(active_days)
    assert len(summary.values) == POINTS
    assert summary.thinned() == summary


def test_missing_values_are_left_out() -> None:
    assert sketch_of(np.array([nan, 2.0, inf, nan, 1.0, -inf])) == Sketch((1.0, 2.0), (1, 1))
    assert sketch_of(np.array([nan])) == sketch_of(np.array([])) == Sketch((), ())


@given(shards)
def test_the_whole_is_the_same_however_it_is_cut_into_shards(parts: list[list[float]]) -> None:
    whole = sketch_of(np.array([value for part in parts for value in part], np.float64))
    assert merge([sketch_of(np.array(part, np.float64)) for part in parts]) == whole
    assert merge([sketch_of(np.array(part, np.float64)) for part in reversed(parts)]) == whole


@given(
    st.lists(st.tuples(st.sampled_from(list(SHAPES)), st.integers(0, 5_000)), min_size=1, max_size=4),
    st.integers(0, 2**32),
)
def test_thinned_ranks_in_the_whole_are_low_by_less_than_a_500th_of_all_profiles(
    sizes: list[tuple[str, int]], seed: int
) -> None:
    parts = [spread(shape, seed + i, size) for i, (shape, size) in enumerate(sizes)]
    assert all(len(sketch_of(part).thinned().values) <= POINTS for part in parts)
    together = merge([sketch_of(part).thinned() for part in parts])
    everybody = np.sort(np.concatenate(parts))
    assert together.size == len(everybody)
    for value in [*np.quantile(everybody, np.linspace(0.0, 1.0, 37)).tolist(), inf] if len(everybody) else []:
        truth = int(np.searchsorted(everybody, value))
        assert truth - len(everybody) / POINTS < below(together, value) <= truth
