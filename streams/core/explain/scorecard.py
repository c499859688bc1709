"""What a scores rule makes of a subject: each score, and the value and the edges behind it.

Comes in: a shard, a subject and an instant (ms). Goes out: recency, frequency and monetary value of each scores rule.
They are read as a change's reasons are: as values of conditions, of a segment made for it on a copy of the profile.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from streams.core.engine.shard import Shard
from streams.core.explain.forecast import alone
from streams.core.explain.history import BEFORE_ALL_NAMES
from streams.core.language.render import render_value
from streams.core.rules.nodes import All, Compare, Constant, Score
from streams.core.rules.rfm import Dimension, FourEdges
from streams.core.rules.rulebook import Edges, Rulebook, Scores, Segment
from streams.core.rules.traversal import DIMENSIONS, measure


class ScoreNow(msgspec.Struct, frozen=True, gc=False):
    """One score, `r`, `f` or `m`, with the expression it scores, that one's value, and the edges that part it.

    score: None, and no edges, while the quintiles are not known.
    """

    part: Dimension
    score: int | None
    expression: str
    value: Any
    edges: FourEdges | None


def scores_now(shard: Shard, subject: str, at_ms: int) -> Mapping[str, tuple[ScoreNow, ...]]:
    """By scores rule; as of `at_ms`, if nothing happens until then."""
    rulebook = shard.catalog.rulebook
    if not rulebook.scores:
        return {}
    copy = alone(shard, subject, _with_readers(rulebook))
    copy.tick(at_ms)
    shown = {standing.rule: standing.because for standing in copy.explain(subject, at_ms)}
    found: dict[str, tuple[ScoreNow, ...]] = {}
    for rule in rulebook.scores.values():
        values = {reason.condition: reason.value for reason in shown[BEFORE_ALL_NAMES + rule.name]}
        found[rule.name] = tuple(_scores(rule, values, _edges(shard, rule, at_ms)))
    return found


@lru_cache(maxsize=4)
def _with_readers(rulebook: Rulebook) -> Rulebook:
    return Rulebook((*map(_reader, rulebook.scores.values()), *rulebook.rules))


def _reader(rule: Scores) -> Segment:
    """A segment of conditions whose values are wanted; whether they hold is all the same."""
    values = [value for part in DIMENSIONS for value in (Score(rule.name, part), measure(rule, part))]
    conditions = tuple(Compare(">=", value, Constant(0.0), render_value(value)) for value in values)
    return Segment(BEFORE_ALL_NAMES + rule.name, All(conditions), include=rule.include)


def _scores(rule: Scores, values: Mapping[str, Any], edges: Edges | None) -> Iterator[ScoreNow]:
    four = (edges.r, edges.f, edges.m) if edges is not None else (None, None, None)
    for part, own in zip(DIMENSIONS, four, strict=True):
        expression = render_value(measure(rule, part))
        yield ScoreNow(part, values[f"{rule.name}.{part}"], expression, values[expression], own)


def _edges(shard: Shard, rule: Scores, at_ms: int) -> Edges | None:
    """Those in force; None where only later ones are known."""
    if rule.fixed is not None:
        return rule.fixed
    newest = shard.quintiles(rule.name)
    return newest.edges_at(at_ms) if newest is not None and newest.at_ms <= at_ms else None
