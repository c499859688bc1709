"""Conditions as text and tree, and rule books made of them.

Comes in: nothing. Goes out: strategies for conditions, segments and rule books.
"""

from collections.abc import Sequence
from hashlib import sha256
from itertools import chain

from hypothesis import strategies as st

from streams.core.features import DAY_MS, HOUR_MS
from streams.core.rules import Rulebook, Segment
from streams.core.tree import All, Compare, Comparison, Condition, InSegment, Missing, Not, Some, Truth, Within
from streams.core.tree import Value as Term
from tests.strategies.names import BOOLEAN_TRAITS, TEXTS, TRAITS
from tests.strategies.values import Written, combine, constant, constants, numbers, small, sums, times, traits

COMPARISONS: tuple[Comparison, ...] = ("<", "<=", ">", ">=", "==", "!=")


def comparison(operator: Comparison, left: Written[Term], right: Written[Term]) -> Written[Condition]:
    text = f"{left.text} {operator} {right.text}"
    return Written(text, Compare(operator, left.node, right.node, text), plain=False)


@st.composite
def time_comparisons(draw: st.DrawFn) -> Written[Condition]:
    """Linear in time, and never with two sides that stand still against each other: doubles would flicker there."""
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
            return comparison(operator, combine("-", draw(times(since=True)), draw(times(since=True))), constant(2.3))
        case _:
            return comparison(operator, combine("*", draw(numbers), draw(times())), draw(bound))


@st.composite
def comparisons(draw: st.DrawFn) -> Written[Condition]:
    operator = draw(st.sampled_from(COMPARISONS))
    kind = draw(st.sampled_from(("number", "number", "number", "turned", "text", "boolean", "traits", "sum", "chain")))
    match kind:
        case "number":
            return comparison(operator, draw(numbers), draw(small))
        case "turned":
            return comparison(operator, draw(small), draw(numbers))
        case "text":
            return comparison(operator, draw(traits()), draw(constants(*TEXTS)))
        case "boolean":
            equality: Comparison = draw(st.sampled_from(("==", "!=")))
            return comparison(equality, draw(traits()), draw(constants(True, False)))
        case "traits":
            return comparison(operator, draw(traits()), draw(st.one_of(traits(), numbers)))
        case "sum":
            return comparison(operator, draw(sums()), draw(small))
        case _:
            return between(draw(small), draw(numbers), draw(small))


def between(low: Written[Term], middle: Written[Term], high: Written[Term]) -> Written[Condition]:
    first, second = comparison("<", low, middle), comparison("<=", middle, high)
    return Written(f"{low.text} < {middle.text} <= {high.text}", All((first.node, second.node)), plain=False)


@st.composite
def memberships(draw: st.DrawFn) -> Written[Condition]:
    """`in` and `not in`."""
    negated = draw(st.booleans())
    options: tuple[float, ...] | tuple[str, ...] | tuple[bool, ...]
    if draw(st.booleans()):
        item = draw(st.one_of(numbers, times(), traits()))
        options = tuple(draw(st.lists(st.sampled_from((0.0, 1.0, 2.0, 3.0)), min_size=1, max_size=3, unique=True)))
    else:
        item = draw(traits())
        options = tuple(draw(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3, unique=True)))
    listed = ", ".join(constant(option).text for option in options)
    text = f"{item.text} {'not in' if negated else 'in'} [{listed}]"
    return Written(text, Within(item.node, options, negated, text), plain=False)


@st.composite
def leaves(draw: st.DrawFn, segments: Sequence[str]) -> Written[Condition]:
    kinds = ["time", "time", "time", "compare", "compare", "within", "truth", "missing"]
    kind = draw(st.sampled_from(kinds + ["segment", "segment"] * bool(segments)))
    if kind == "segment":
        segment = draw(st.sampled_from(segments))
        return Written(f'in_segment("{segment}")', InSegment(segment, f'in_segment("{segment}")'))
    if kind == "truth":
        bare = draw(traits(BOOLEAN_TRAITS))
        return Written(bare.text, Truth(bare.node, bare.text))
    if kind == "missing":
        item = draw(st.one_of(traits(), times(), sums()))
        return Written(f"missing({item.text})", Missing(item.node, f"missing({item.text})"))
    return draw({"time": time_comparisons(), "compare": comparisons(), "within": memberships()}[kind])


@st.composite
def conditions(draw: st.DrawFn, segments: Sequence[str] = (), depth: int = 2) -> Written[Condition]:
    kind = draw(st.sampled_from(("leaf", "leaf", "and", "or", "not"))) if depth else "leaf"
    if kind == "leaf":
        return draw(leaves(segments))
    if kind == "not":
        part = draw(conditions(segments, depth - 1))
        return Written(f"not {part.inside}", Not(part.node), plain=False)
    some = draw(st.lists(conditions(segments, depth - 1), min_size=2, max_size=3))
    text = f" {kind} ".join(part.inside for part in some)
    whole = All if kind == "and" else Some
    return Written(text, whole(tuple(chain.from_iterable(flat(whole, part.node) for part in some))), plain=False)


def flat(whole: type[All] | type[Some], node: Condition) -> tuple[Condition, ...]:
    """`a and (b and c)` is `a and b and c`."""
    return node.parts if isinstance(node, whole) else (node,)


@st.composite
def rulebooks(draw: st.DrawFn, most: int = 4) -> Rulebook:
    """Segments that read one another without circles, in an order that is not that of their names."""
    names = draw(st.permutations([f"rule-{letter}" for letter in "abcd"[: draw(st.sampled_from((1, most - 1, most)))]]))
    return Rulebook(tuple(sorted((draw(segments(name, names[:i])) for i, name in enumerate(names)), key=by_name)))


@st.composite
def segments(draw: st.DrawFn, name: str, others: Sequence[str]) -> Segment:
    enter = draw(conditions(others))
    leave = draw(st.none() | conditions(others, depth=1))
    min_stay_ms = draw(st.sampled_from((0, 0, HOUR_MS, DAY_MS, 2 * DAY_MS + 1)))
    include = tuple(draw(st.lists(st.sampled_from(TRAITS), max_size=2, unique=True)))
    meaning = repr((enter.text, leave and leave.text, min_stay_ms, include))
    return Segment(
        name=name,
        enter=enter.node,
        exit=leave.node if leave else None,
        min_stay_ms=min_stay_ms,
        include=include,
        version="sha256:" + sha256(meaning.encode()).hexdigest(),
    )


def by_name(segment: Segment) -> str:
    return segment.name
