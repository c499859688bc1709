"""Scores, with the values and edges behind them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.batch import Batch
from streams.core.engine.shard import Shard
from streams.core.events import Event
from streams.core.explain.scorecard import ScoreNow, scores_now
from streams.core.instants import DAY_MS
from streams.core.language.parser import parse_condition, parse_value
from streams.core.rules.rfm import score
from streams.core.rules.rulebook import Edges, Rulebook, Scores
from streams.core.scores.quintiles import Quintiles
from tests import strategies as made
from tests.strategies import START_MS

IDLE, COUNT, MRR = (parse_value(text) for text in ("idle_days", "count(any)", "mrr"))
EDGES = Edges((1.0, 2.0, 3.0, 4.0), (2.0, 4.0, 6.0, 8.0), (10.0, 20.0, 30.0, 40.0))


def rulebook(fixed: Edges | None) -> Rulebook:
    return Rulebook((Scores("rfm", IDLE, COUNT, MRR, fixed),))


def scored(rules: Rulebook, day: float, quintiles: Quintiles | None = None) -> tuple[ScoreNow, ...]:
    shard = Shard(rules)
    shard.step(Batch.of([Event("ann", START_MS, "Signed In", True, None, {}, {})]))
    if quintiles is not None:
        shard.set_edges(quintiles)
    return scores_now(shard, "ann", START_MS + int(day * DAY_MS))["rfm"]


def test_each_score_is_told_with_its_value_and_its_edges() -> None:
    assert scored(rulebook(EDGES), day=2.5) == (
        ScoreNow("r", 3, "idle_days", 2.5, EDGES.r),
        ScoreNow("f", 1, "count(any)", 1, EDGES.f),
        ScoreNow("m", 1, "mrr", 0, EDGES.m),
    )


def test_while_quintiles_are_not_known_only_the_values_are() -> None:
    assert [(each.score, each.value, each.edges) for each in scored(rulebook(None), day=2.5)] == [
        (None, 2.5, None),
        (None, 1, None),
        (None, 0, None),
    ]


def test_quintiles_are_told_from_their_instant_on() -> None:
    first, second, third, fourth = (edge - (START_MS / DAY_MS + 2.5) for edge in EDGES.r)
    quintiles = Quintiles("rfm", 1, START_MS + DAY_MS, replace(EDGES, r=(first, second, third, fourth)))
    assert [each.score for each in scored(rulebook(None), 0.5, quintiles)] == [None] * 3
    recency, *_ = scored(rulebook(None), 2.5, quintiles)
    assert recency.score == 3
    assert recency.edges == pytest.approx(EDGES.r)


def test_who_is_not_among_those_who_are_scored_has_values_and_no_score() -> None:
    of_some = replace(rulebook(EDGES).scores["rfm"], among=parse_condition("paying"))
    assert [(each.score, each.value) for each in scored(Rulebook((of_some,)), day=2.5)] == [
        (None, 2.5),
        (None, 1),
        (None, 0),
    ]


def test_rules_without_scores_have_none() -> None:
    shard = Shard(Rulebook(()))
    shard.step(Batch.of([Event("ann", START_MS, "Signed In", True, None, {}, {})]))
    assert scores_now(shard, "ann", START_MS) == {}


@given(made.scores_rules("rfm"), made.histories(user=st.just("ann")).filter(bool), st.integers(0, 20 * 24))
def test_a_score_is_that_of_the_value_shown(rule: Scores, events: list[Event], hours: int) -> None:
    shard = Shard(Rulebook((replace(rule, among=None),)))
    shard.step(Batch.of(events))
    at_ms = max(event.ts for event in events) + hours * DAY_MS // 24
    for each in scores_now(shard, "ann", at_ms)["rfm"]:
        number = None if isinstance(each.value, bool | str | list) else each.value
        assert each.edges is not None
        assert each.score == score(each.part, number, each.edges)
