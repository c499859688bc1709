"""The rule language: the text of an expression to a checked tree.

Comes in: an expression as written in a rule file, and the names of the other rules. Goes out: its condition and the
segments it asks for, or its value; or all that is wrong with it. The stages, all of `streams.core.language`: the
spelling is put right (`spelling`), Python parses it (`syntax`), the nodes that rules may use become the tree
(`conditions`, `values`, `functions`), and what can never mean anything (`kinds`) or bends over time (`linear`) is
refused.
"""

import ast
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeVar

from streams.core.language.conditions import Conditions
from streams.core.language.faults import ExpressionFaults
from streams.core.language.linear import bends
from streams.core.language.profile import OfProfile, OfScores, Reference
from streams.core.language.syntax import Source
from streams.core.language.values import Values
from streams.core.rules.nodes import Condition, Value

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Expression:
    """A condition, and the segments and scores that it asks for."""

    condition: Condition
    references: tuple[Reference, ...]


def parse_condition(source: str, scores: Collection[str] = ()) -> Condition:
    """
    >>> parse_condition("paying")
    Truth(value=Read(feature=Trait(name='paying')), text='paying')
    """
    return parse(source, scores=scores).condition


def parse(
    text: str, segments: Collection[str] | None = None, tiers: Collection[str] = (), scores: Collection[str] = ()
) -> Expression:
    """What a segment or a level asks. The names are those of the book's rules, by their sort; `segments` are what
    `in_segment` may ask for, None allowing any. Raises `ExpressionFaults`.
    """
    return _parse_in(OfProfile(Source(text), segments, tiers, scores))


def _parse_in(scope: OfProfile) -> Expression:
    condition = _read(scope.source, lambda: Conditions(scope).condition(scope.source.tree))
    return Expression(condition, tuple(scope.references))


def parse_among(
    text: str, segments: Collection[str] | None = None, tiers: Collection[str] = (), scores: Collection[str] = ()
) -> Expression:
    """Who is scored: the same, but that nobody is scored by scores. Raises `ExpressionFaults`."""
    return _parse_in(OfScores(Source(text), segments, tiers, scores))


def parse_value(text: str, scores: Collection[str] = ()) -> Value:
    """What scores are made of: a number, moved evenly by time if at all, and no score itself (`scores` says which
    names are). Raises `ExpressionFaults`.

    >>> parse_value("idle_days")
    Elapsed(instant=IdleSince(), unit_ms=86400000.0, sign=1)
    """
    source = Source(text)
    return _read(source, lambda: _amount(Values(OfScores(source, scores=scores)), source.tree))


def _amount(values: Values, node: ast.expr) -> Value:
    value = values.number(node, "scores are made of numbers")
    if bends(value):
        raise values.bent(node, "")
    return value


def _read(source: Source, read: Callable[[], T]) -> T:
    """With the faults of the spelling, should there be any. What is misspelt is not held to be wrong again."""
    try:
        result = read()
    except ExpressionFaults as error:
        misspelt = {fault.offset for fault in source.faults}
        others = [fault for fault in error.faults if fault.offset not in misspelt]
        raise ExpressionFaults([*source.faults, *others]) from None
    if source.faults:
        raise ExpressionFaults(source.faults)
    return result
