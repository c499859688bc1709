"""Conditions of a profile as text and tree.

Comes in: what other rules there are. Goes out: strategies for leaves, and for conditions made of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from streams.core.rules.nodes import Comparison, Condition, InSegment
from streams.core.rules.rfm import NAMES as SEGMENTS_OF_GRID
from tests.strategies.names import (
    BOOLEAN_PROPERTIES,
    BOOLEAN_TRAITS,
    LIST_PROPERTIES,
    LIST_TRAITS,
    LISTED,
    TEXT_PROPERTIES,
    TEXT_TRAITS,
    TEXTS,
)
from tests.strategies.values import numbers, of_any_kind, score, scores, small, sums, times
from tests.strategies.written import (
    COMPARISONS,
    Written,
    bare,
    between,
    combine,
    comparison,
    constants,
    has,
    joined,
    looks_into,
    missing,
    some_of,
    within,
)


@dataclass(frozen=True)
class Known:
    """The names of other rules, of which a condition may ask."""

    segments: Sequence[str] = ()
    scores: Sequence[str] = ()


def conditions(known: Known = Known(), depth: int = 2) -> st.SearchStrategy[Written[Condition]]:
    return joined(leaves(known), depth)


@st.composite
def leaves(draw: st.DrawFn, known: Known) -> Written[Condition]:
    kinds = ["time", "time", "time", "compare", "compare", "within", "truth", "missing", "has", "contains", "contains"]
    kinds += ["segment", "segment"] * bool(known.segments) + ["score", "score", "score"] * bool(known.scores)
    match draw(st.sampled_from(kinds)):
        case "time":
            return draw(time_comparisons())
        case "compare":
            return draw(comparisons())
        case "within":
            return draw(memberships())
        case "truth":
            return bare(draw(of_any_kind(BOOLEAN_TRAITS, BOOLEAN_PROPERTIES)))
        case "contains":
            return draw(looks_into(of_any_kind((*LIST_TRAITS, *TEXT_TRAITS), (*LIST_PROPERTIES, *TEXT_PROPERTIES))))
        case "missing":
            return missing(draw(st.one_of(of_any_kind(), times(), sums(), numbers)))
        case "has":
            holder = of_any_kind((*LIST_TRAITS, *TEXT_TRAITS), (*LIST_PROPERTIES, *TEXT_PROPERTIES))
            return has(draw(holder), draw(st.sampled_from(LISTED)))
        case "score":
            return draw(score_comparisons(draw(st.sampled_from(known.scores))))
        case _:
            segment = draw(st.sampled_from(known.segments))
            return Written(f'in_segment("{segment}")', InSegment(segment, f'in_segment("{segment}")'))


@st.composite
def time_comparisons(draw: st.DrawFn) -> Written[Condition]:
    """Linear in time, and never with two sides that move alike: doubles would flicker there."""
    operator = draw(st.sampled_from(COMPARISONS))
    bound = constants(0, 0.25, 1, 2, 3, 7, 24)
    kind = draw(
        st.sampled_from(("bound", "bound", "bound", "turned", "scaled", "two", "ratio", "count", "span", "by count"))
    )
    match kind:
        case "bound":
            return comparison(operator, draw(times()), draw(bound))
        case "turned":
            return comparison(operator, draw(bound), draw(times()))
        case "scaled":
            scaled = combine("*", draw(times()), draw(constants(0.5, 3)))
            return comparison(operator, combine("+", scaled, draw(constants(1, 0.7))), draw(bound))
        case "two":
            return comparison(operator, draw(times(since=True)), draw(times(since=True)))
        case "ratio":
            return comparison(operator, draw(times()), combine("*", draw(constants(0.5, 2, 3)), draw(times())))
        case "count":
            return comparison(operator, draw(numbers), combine("*", draw(constants(0.5, 1)), draw(times())))
        case "span":
            span = combine("-", draw(times(since=True)), draw(times(since=True)))
            return comparison(operator, span, draw(constants(0, 0.1, 0.25, 1, 2)))
        case _:
            return comparison(operator, combine("*", draw(numbers), draw(times())), draw(bound))


@st.composite
def comparisons(draw: st.DrawFn) -> Written[Condition]:
    operator = draw(st.sampled_from(COMPARISONS))
    kind = draw(st.sampled_from(("number", "number", "number", "turned", "text", "boolean", "two", "sum", "chain")))
    match kind:
        case "number":
            return comparison(operator, draw(numbers), draw(small))
        case "turned":
            return comparison(operator, draw(small), draw(numbers))
        case "text":
            return comparison(operator, draw(of_any_kind()), draw(constants(*TEXTS)))
        case "boolean":
            equality: Comparison = draw(st.sampled_from(("==", "!=")))
            return comparison(equality, draw(of_any_kind()), draw(constants(True, False)))
        case "two":
            return comparison(operator, draw(of_any_kind()), draw(st.one_of(of_any_kind(), numbers)))
        case "sum":
            return comparison(operator, draw(sums()), draw(small))
        case _:
            return between(draw(small), draw(numbers), draw(small))


@st.composite
def memberships(draw: st.DrawFn) -> Written[Condition]:
    """`in` and `not in`."""
    negated = draw(st.booleans())
    if draw(st.booleans()):
        return within(draw(st.one_of(numbers, times(), of_any_kind())), draw(some_of((0.0, 1.0, 2.0, 3.0))), negated)
    return within(draw(of_any_kind()), draw(some_of(TEXTS)), negated)


@st.composite
def score_comparisons(draw: st.DrawFn, rule: str) -> Written[Condition]:
    operator = draw(st.sampled_from(COMPARISONS))
    kind = draw(st.sampled_from(("one", "one", "one", "two", "time", "digits", "name", "names", "missing")))
    match kind:
        case "one":
            return comparison(operator, draw(scores(rule)), draw(constants(1, 2, 3, 4, 5)))
        case "two":
            return comparison(operator, combine("+", draw(scores(rule)), draw(scores(rule))), draw(constants(4, 6, 8)))
        case "time":
            return comparison(operator, draw(scores(rule)), combine("*", draw(constants(0.5, 2)), draw(times())))
        case "digits":
            return comparison(operator, score(rule, "score"), draw(constants("111", "311", "333", "511", "155")))
        case "name":
            equality: Comparison = draw(st.sampled_from(("==", "!=")))
            return comparison(equality, score(rule, "name"), draw(constants(*SEGMENTS_OF_GRID)))
        case "names":
            return within(score(rule, "name"), draw(some_of(SEGMENTS_OF_GRID)), draw(st.booleans()))
        case _:
            return missing(draw(scores(rule)))
