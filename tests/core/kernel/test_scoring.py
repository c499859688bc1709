"""Scores by the words of edges, against the same scores in plain words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.arrays import Ints
from streams.core.kernel import scoring
from streams.core.rules import rfm
from streams.core.rules.rfm import FourEdges
from streams.core.rules.rulebook import Edges
from streams.core.scores.edges import edge_words

BEFORE, NOW = (1.0, 2.0, 3.0, 4.0), (10.0, 20.0, 30.0, 40.0)
SINCE_MS = 1_000
four = st.tuples(*[st.floats(allow_nan=False)] * 4).map(sorted).map(lambda each: (each[0], each[1], each[2], each[3]))


def of_all(edges: FourEdges) -> Edges:
    return Edges(edges, edges, edges)


def record(before: FourEdges | None, now: FourEdges | None) -> Ints:
    words = edge_words(SINCE_MS, before and of_all(before), now and of_all(now))
    return np.array([-1, *words])


@pytest.mark.parametrize(("now_ms", "expected"), [(SINCE_MS - 1, 5.0), (SINCE_MS, 2.0), (SINCE_MS + 1, 2.0)])
def test_the_later_edges_hold_from_their_instant_on(now_ms: int, expected: float) -> None:
    p = record(BEFORE, NOW)
    assert scoring.score_of(p, scoring.edges_at(p, 1, now_ms), 15.0, 0) == expected


def test_there_are_no_edges_until_they_are_told() -> None:
    p = record(None, NOW)
    assert [scoring.has_edges(p, 1, now) for now in (SINCE_MS - 1, SINCE_MS)] == [False, True]
    assert np.isnan(scoring.score_of(p, scoring.edges_at(p, 1, SINCE_MS - 1), 15.0, 0))


@given(st.floats(), four, st.data())
def test_a_value_scores_as_the_rules_say(number: float, edges: FourEdges, data: st.DataObject) -> None:
    number = data.draw(st.sampled_from([number, *edges, np.nan]), "perhaps on an edge, or missing")
    p = record(None, edges)
    at = scoring.edges_at(p, 1, SINCE_MS)
    assert scoring.score_of(p, at, number, 1) == rfm.score("r", number, edges)
    assert scoring.score_of(p, at, number, 0) == rfm.score("f", number, edges)
