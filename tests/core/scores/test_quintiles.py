"""Quintile edges: where they belong, and when they move."""

from collections.abc import Sequence
from itertools import product
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.rules.rfm import Dimension, FourEdges, score
from streams.core.scores.quintiles import TOLERANCE, Populations, Quintiles, exact_edges, misplaced, settle
from streams.core.scores.sketch import POINTS, Sketch, merge, sketch_of

FIFTHS = (1, 2, 3, 4)

dimensions = st.sampled_from(["r", "f", "m"])
# Many alike, and all different.
counts = st.integers(0, 6).map(float)
amounts = st.floats(allow_nan=False, allow_infinity=False)
populations = st.one_of(st.lists(counts, max_size=60), st.lists(amounts, max_size=30), st.lists(counts | amounts))
# Many profiles, in groups of equal ones.
crowds = st.lists(st.tuples(counts | amounts, st.integers(1, 40)), max_size=20).map(
    lambda groups: [value for value, size in groups for _ in range(size)]
)
four = (
    st.tuples(*[counts | amounts | st.just(inf)] * 4)
    .map(sorted)
    .map(lambda edges: (edges[0], edges[1], edges[2], edges[3]))
)


def summary(values: Sequence[float]) -> Sketch:
    return sketch_of(np.array(values, np.float64))


def slow_edges(dimension: Dimension, values: Sequence[float]) -> list[float]:
    """The definition, word for word."""
    found = []
    for k in FIFTHS:
        below = {value: sum(other < value for other in values) for value in values}
        if dimension == "r":
            found.append(max((value for value in values if below[value] * 5 < k * len(values)), default=inf))
        else:
            found.append(min((value for value in values if below[value] * 5 >= k * len(values)), default=inf))
    return found


@given(dimensions, populations)
def test_edges_are_those_of_the_definition(dimension: Dimension, values: list[float]) -> None:
    assert list(exact_edges(dimension, summary(values))) == slow_edges(dimension, values)


@given(populations)
def test_a_score_says_how_many_fifths_of_all_are_below(values: list[float]) -> None:
    recency, frequency = exact_edges("r", summary(values)), exact_edges("f", summary(values))
    for value in values:
        fifths = 5 * sum(other < value for other in values) // len(values)
        assert score("f", value, frequency) == 1 + fifths
        assert score("r", value, recency) == 5 - fifths


@pytest.mark.parametrize(
    ("values", "recency", "frequency"),
    [
        ([], [], []),
        ([3], [5], [1]),
        ([3, 3, 3, 3, 3, 3], [5] * 6, [1] * 6),
        ([1, 2], [5, 3], [1, 3]),
        ([1, 2, 3], [5, 4, 2], [1, 2, 4]),
        ([1, 2, 3, 4], [5, 4, 3, 2], [1, 2, 3, 4]),
        ([1, 2, 3, 4, 5], [5, 4, 3, 2, 1], [1, 2, 3, 4, 5]),
        ([0, 0, 0, 0, 0, 0, 0, 0, 0, 7], [5] * 9 + [1], [1] * 9 + [5]),
        ([0, 1, 1, 1, 1, 1, 1, 1, 1, 1], [5] * 10, [1] * 10),
        ([0, 0, 1, 1, 1, 1, 1, 1, 1, 1], [5, 5] + [4] * 8, [1, 1] + [2] * 8),
        ([-1e308, 0, 1, 2, 1e308], [5, 4, 3, 2, 1], [1, 2, 3, 4, 5]),
    ],
)
def test_few_profiles_and_many_alike_get_scores_that_make_sense(
    values: list[float], recency: list[int], frequency: list[int]
) -> None:
    edges = {dimension: exact_edges(dimension, summary(values)) for dimension in ("r", "f")}
    assert [score("r", value, edges["r"]) for value in values] == recency
    assert [score("f", value, edges["f"]) for value in values] == frequency


@given(dimensions, st.lists(st.integers(1, 4_000), min_size=1, max_size=4), st.booleans(), st.integers(0, 2**32))
def test_edges_of_thinned_shards_are_off_by_at_most_4_profiles_in_a_thousand(
    dimension: Dimension, sizes: list[int], many_are_nothing: bool, seed: int
) -> None:
    random = np.random.default_rng(seed)
    shards = [np.maximum(random.normal(0.0 if many_are_nothing else 1e6, 100.0, size), 0.0) for size in sizes]
    edges = exact_edges(dimension, merge([sketch_of(shard).thinned() for shard in shards]))
    everybody = np.concatenate(shards)
    for k, edge in zip(FIFTHS, edges, strict=True):
        assert misplaced(dimension, k, edge, sketch_of(everybody)) <= 2 * len(everybody) / POINTS


# When edges move


@given(dimensions, crowds, st.data())
def test_no_edge_moves_when_two_profiles_in_a_hundred_changed(
    dimension: Dimension, values: list[float], data: st.DataObject
) -> None:
    agreed = exact_edges(dimension, summary(values))
    for _ in range(len(values) * 2 // 100):
        values[data.draw(st.integers(0, len(values) - 1))] = data.draw(counts | amounts)
    assert settle(dimension, agreed, summary(values)) == agreed


@given(dimensions, populations | crowds, four)
def test_looking_again_at_the_same_population_moves_nothing(
    dimension: Dimension, values: list[float], old: FourEdges
) -> None:
    settled = settle(dimension, old, summary(values))
    assert settle(dimension, settled, summary(values)) == settled


@given(dimensions, populations | crowds, four)
def test_edges_stay_ascending_and_are_never_off_by_more_than_two_in_a_hundred(
    dimension: Dimension, values: list[float], old: FourEdges
) -> None:
    settled = settle(dimension, old, summary(values))
    assert list(settled) == sorted(settled)
    for k, edge in zip(FIFTHS, settled, strict=True):
        assert misplaced(dimension, k, edge, summary(values)) <= TOLERANCE * len(values)


@given(dimensions, populations)
def test_an_exact_edge_misplaces_nobody(dimension: Dimension, values: list[float]) -> None:
    edges = exact_edges(dimension, summary(values))
    assert [misplaced(dimension, k, edge, summary(values)) for k, edge in zip(FIFTHS, edges, strict=True)] == [0] * 4


def parts_exactly(dimension: Dimension, k: int, edge: float, values: Sequence[float]) -> bool:
    """Whether everybody is on the same side of it as of the edge of the definition."""
    exact = slow_edges(dimension, values)[k - 1]
    return all(score(dimension, v, (edge,) * 4) == score(dimension, v, (exact,) * 4) for v in values)


@given(dimensions, st.lists(st.integers(0, 2), min_size=1, max_size=4), st.sampled_from(FIFTHS))
def test_misplaced_counts_the_profiles_that_would_need_other_values(
    dimension: Dimension, values: list[int], k: int
) -> None:
    for edge in (0.5, 1.5, 2.5):
        needed = min(
            sum(was != now for was, now in zip(values, others, strict=True))
            for others in product(range(3), repeat=len(values))
            if parts_exactly(dimension, k, edge, others)
        )
        assert needed - 1 <= misplaced(dimension, k, edge, summary(values)) <= needed


def thousand(nothing: int, one: int) -> Sketch:
    """So many per mille never bought, so many bought once, the others all more and all differently."""
    return Sketch((0.0, 1.0, *range(2, 1002 - nothing - one)), (nothing, one, *[1] * (1000 - nothing - one)))


def test_a_steady_drift_moves_each_edge_once_it_is_two_in_a_hundred_off() -> None:
    edges = exact_edges("f", summary(range(500)))
    assert edges == (100, 200, 300, 400)
    assert settle("f", edges, summary(range(10, 510))) == edges
    assert settle("f", edges, summary(range(12, 512))) == (112, 212, 312, 412)
    assert settle("f", edges, summary(range(-10, 490))) == edges
    assert settle("f", edges, summary(range(-12, 488))) == (88, 188, 288, 388)


def test_nobody_flaps_where_many_alike_are_about_a_fifth() -> None:
    agreed = exact_edges("f", thousand(nothing=199, one=400))
    assert agreed[:2] == (2, 2)
    assert settle("f", agreed, thousand(nothing=201, one=400)) == agreed
    moved = settle("f", agreed, thousand(nothing=225, one=400))
    assert moved[:2] == (1, 2)
    assert settle("f", moved, thousand(nothing=199, one=400))[:2] == (1, 2)
    assert settle("f", moved, thousand(nothing=175, one=400))[:2] == (2, 2)


def test_a_single_newcomer_next_to_an_edge_does_not_move_it() -> None:
    half_are_nothing = [0.0] * 500 + list(range(10, 510))
    agreed = exact_edges("f", summary(half_are_nothing))
    assert settle("f", agreed, summary([*half_are_nothing, 5.0])) == agreed


def test_an_edge_that_stays_never_ends_up_above_one_that_moves() -> None:
    population = summary([0.0] * 500 + [5.0] + [10.0 + i for i in range(500)])
    assert exact_edges("f", population)[:2] == (5.0, 5.0)
    assert settle("f", (10.0, 60.0, 110.0, 310.0), population)[:2] == (10.0, 10.0)


def test_edges_stay_when_there_is_nobody_any_more() -> None:
    assert settle("r", (1.0, 2.0, 3.0, 4.0), summary([])) == (1.0, 2.0, 3.0, 4.0)


# What workers share


def alike(values: Sequence[float]) -> Populations:
    return Populations.of(*[np.array(values, np.float64)] * 3)


@given(populations, populations)
def test_the_version_grows_only_when_an_edge_moves(before: list[float], after: list[float]) -> None:
    first = Quintiles.first("rfm", 1_000, alike(before))
    again = first.refreshed(2_000, alike(before))
    assert again == Quintiles("rfm", 1, 2_000, first.edges)
    later = again.refreshed(3_000, Populations(summary(after), summary(after), summary(before)))
    assert later.version == (1 if later.edges == first.edges else 2)
    assert later.edges.m == first.edges.m


def test_who_has_no_recency_is_not_counted_and_who_bought_nothing_counts_as_0() -> None:
    values = np.array([nan, 2.0, inf])
    populations = Populations.of(values, values, values)
    assert populations.r == Sketch((2.0,), (1,))
    assert populations.f == populations.m == Sketch((0.0, 2.0), (2, 1))


def test_populations_of_shards_merge_to_that_of_all() -> None:
    assert Populations.merged([alike([1, 2]), alike([2, 3]), alike([])]) == alike([1, 2, 2, 3])
    assert Populations.merged([]) == alike([])


def test_what_a_shard_of_a_million_profiles_shares_is_less_than_20_kb_and_comes_back_as_it_was() -> None:
    values = np.random.default_rng(1).normal(0.0, 100.0, 1_000_000)
    populations = Populations.of(values, values, values).thinned()
    assert len(populations.encode()) < 20_480
    assert Populations.decode(populations.encode()) == populations


def test_quintiles_come_back_as_they_were_stored() -> None:
    quintiles = Quintiles.first("rfm", 1_000, alike([1]))
    assert quintiles.edges.f == (inf, inf, inf, inf)
    assert Quintiles.decode(quintiles.encode()) == quintiles
