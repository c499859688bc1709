"""The edges that a shard scores by, and the instant from which they hold."""

from math import inf, isnan
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from streams.core.kernel.layout import EDGES_BEFORE, EDGES_NOW, EDGES_WORDS, NEVER, SINCE
from streams.core.kernel.scoring import edges_at
from streams.core.rules.rulebook import Edges
from streams.core.scores.edges import AgreedEdges, words_at_all_times
from streams.core.scores.quintiles import Quintiles

Words = NDArray[np.int64]

FIRST = Edges((1.0, 2.0, 3.0, 4.0), (10.0, 20.0, 30.0, 40.0), (0.5, 1.5, 2.5, inf))
SECOND = Edges((2.0, 2.0, 3.0, 4.0), (10.0, 20.0, 30.0, 40.0), (0.5, 1.5, 2.5, inf))


@pytest.fixture
def words() -> Words:
    return np.array([7, *words_at_all_times(None)], np.int64)


@pytest.fixture
def agreed(words: Words) -> AgreedEdges:
    return AgreedEdges(words, {"rfm": 1})


def recency_edges(words: Words, now: int) -> list[float]:
    """The four in force at an instant."""
    plain: Any = getattr(edges_at, "py_func", edges_at)  # compiled, it can be called by what is compiled alone
    at = plain(words, 1, now)
    return list(words[at : at + 4].view(np.float64))


def test_fixed_edges_hold_at_all_times() -> None:
    words = words_at_all_times(FIRST)
    assert [words[place * EDGES_WORDS + SINCE] for place in range(3)] == [NEVER] * 3
    assert len(words) == 3 * EDGES_WORDS == 3 * (EDGES_NOW + 4)


def test_until_quintiles_are_agreed_on_there_are_no_edges(words: Words) -> None:
    assert all(map(isnan, recency_edges(words, 0)))


def test_new_edges_hold_from_their_instant_on_and_the_former_ones_until_then(words: Words, agreed: AgreedEdges) -> None:
    assert agreed.agree(Quintiles("rfm", 1, 100, FIRST), first_ms=0) == 100
    assert agreed.agree(Quintiles("rfm", 2, 200, SECOND), first_ms=0) == 200
    assert recency_edges(words, 199) == [1.0, 2.0, 3.0, 4.0]
    assert recency_edges(words, 200) == [2.0, 2.0, 3.0, 4.0]
    assert EDGES_BEFORE < EDGES_NOW


def test_edges_do_not_hold_before_what_has_already_been_applied(agreed: AgreedEdges) -> None:
    assert agreed.agree(Quintiles("rfm", 1, 100, FIRST), first_ms=150) == 150


def test_a_refresh_that_moves_no_edge_is_remembered_and_changes_nothing(words: Words, agreed: AgreedEdges) -> None:
    agreed.agree(Quintiles("rfm", 1, 100, FIRST), first_ms=0)
    before = words.copy()
    refreshed = Quintiles("rfm", 1, 200, FIRST)
    assert agreed.agree(refreshed, first_ms=0) is None
    assert agreed.newest("rfm") == refreshed
    assert words.tolist() == before.tolist()


def test_what_is_stored_restores_both_the_edges_and_those_before(words: Words, agreed: AgreedEdges) -> None:
    agreed.agree(Quintiles("rfm", 1, 100, FIRST), first_ms=0)
    agreed.agree(Quintiles("rfm", 2, 200, SECOND), first_ms=0)
    again = words.copy()
    again[1:] = words_at_all_times(None)
    other = AgreedEdges(again, {"rfm": 1})
    other.restore(agreed.stored())
    assert again.tolist() == words.tolist()
    assert other.newest("rfm") == Quintiles("rfm", 2, 200, SECOND)
