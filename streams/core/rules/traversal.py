"""Ways through the tree of a rule: its leaves, their operands, the features they read.

Comes in: conditions and values of the checked tree. Goes out: their parts, in the order they are written.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from streams.core.rules.equality import wanted_as
from streams.core.rules.nodes import (
    All,
    Always,
    Arithmetic,
    Compare,
    Condition,
    Elapsed,
    EventSet,
    Feature,
    Has,
    Holds,
    InSegment,
    LastSeen,
    Latest,
    LatestTime,
    Leaf,
    Lifetime,
    Lowered,
    Missing,
    Not,
    Read,
    Score,
    Some,
    Trait,
    Truth,
    Value,
    Window,
    Within,
)
from streams.core.rules.rfm import Dimension
from streams.core.rules.rulebook import Grouping, Rulebook, Scores, Tier

Books = Mapping[str, Scores]
NO_SCORES: Final[Books] = MappingProxyType({})
DIMENSIONS: Final[tuple[Dimension, ...]] = ("r", "f", "m")


def leaves(condition: Condition) -> Iterator[Leaf]:
    """The comparisons and other conditions with a text of their own."""
    match condition:
        case All(parts) | Some(parts):
            for part in parts:
                yield from leaves(part)
        case Not(part):
            yield from leaves(part)
        case Always():
            pass
        case _:
            yield condition


def conditions(rule: Grouping) -> tuple[Condition, ...]:
    """A tier's by level, after who it is of; else `enter`, then `exit`."""
    if isinstance(rule, Tier):
        of_whom = () if rule.among is None else (rule.among,)
        return (*of_whom, *(level.condition for level in rule.levels))
    return (rule.enter,) if rule.exit is None else (rule.enter, rule.exit)


def rule_leaves(rule: Grouping) -> tuple[Leaf, ...]:
    """The leaves of all conditions of a rule; equal texts once."""
    found: dict[str, Leaf] = {}
    for condition in conditions(rule):
        for leaf in leaves(condition):
            found.setdefault(leaf.text, leaf)
    return tuple(found.values())


def operands(leaf: Leaf) -> tuple[Value, ...]:
    match leaf:
        case Compare(left=left, right=right):
            return left, right
        case Within(item=value) | Truth(value=value) | Has(value=value) | Missing(value=value):
            return (value,)
        case InSegment():
            return ()


def terms(value: Value) -> Iterator[Value]:
    """What a value is calculated of, itself if it is not."""
    match value:
        case Arithmetic(left=left, right=right):
            yield from terms(left)
            yield from terms(right)
        case _:
            yield value


def moves(value: Value) -> bool:
    """Whether time alone changes it between events. (Counts and scores step, which is another thing.)"""
    return any(isinstance(term, Elapsed) for term in terms(value))


def features(value: Value, scores: Books = NO_SCORES) -> Iterator[Feature]:
    """What a value reads; of these scores also what they are made of."""
    for term in terms(value):
        match term:
            case Read(feature):
                yield feature
            case Elapsed(instant=instant):
                yield instant
            case Score(rule, part) if rule in scores:
                for dimension in dimensions(part):
                    yield from features(measure(scores[rule], dimension), scores)


def leaf_features(leaf: Leaf, scores: Books) -> Iterator[Feature]:
    for value in operands(leaf):
        yield from features(value, scores)
    if isinstance(leaf, Has):
        yield held(leaf)


def held(leaf: Has) -> Holds:
    match leaf.value:
        case Read(Trait() | Latest() | Lowered() as of):
            return Holds(of, wanted_as(leaf.how, leaf.wanted), leaf.how)
    raise TypeError(f"{leaf.text} asks for what no trait and no latest property holds")


def gates(leaf: Leaf, scores: Books) -> set[str]:
    """The scores that a leaf reads of those only who are scored."""
    read = (term for value in operands(leaf) for term in terms(value))
    return {term.rule for term in read if isinstance(term, Score) and not term.of_grid and _is_of_some(term, scores)}


def as_others_read(leaf: Leaf) -> Leaf:
    """A condition of a grid, of those only who are scored."""
    match leaf:
        case Compare(left=Score(of_grid=True) as score):
            return replace(leaf, left=replace(score, of_grid=False))
        case _:
            return leaf


def _is_of_some(score: Score, scores: Books) -> bool:
    return score.rule in scores and scores[score.rule].among is not None


def dimensions(part: str) -> tuple[Dimension, ...]:
    """Whose scores a part of the scores is made of."""
    match part:
        case "r" | "f" | "m":
            return (part,)
        case "name":
            return "r", "f"
        case _:
            return DIMENSIONS


def measure(rule: Scores, dimension: Dimension) -> Value:
    """The value that is scored."""
    return {"r": rule.recency, "f": rule.frequency, "m": rule.monetary}[dimension]


def events_of(feature: Feature) -> EventSet | None:
    """The events that a feature is about; None where it is about none in particular."""
    match feature:
        case Window(events=events) | Lifetime(events) | LastSeen(events) | Latest(events) | LatestTime(events):
            return events
        case Lowered(Latest(events)) | Holds(of=Latest(events) | Lowered(Latest(events))):
            return events
        case _:
            return None


def with_what_it_reads(rulebook: Rulebook, name: str) -> Rulebook:
    """One rule, the segments that its conditions ask for, the scores, and what those read in turn."""
    groupings = dict(zip(rulebook.names, rulebook.groupings, strict=True))
    wanted: set[str] = set()
    new = {name}
    while new:
        wanted |= new
        leaves_of_new = [leaf for each in new for leaf in rule_leaves(groupings[each])]
        asked = {leaf.segment for leaf in leaves_of_new if isinstance(leaf, InSegment)}
        values = [term for leaf in leaves_of_new for value in operands(leaf) for term in terms(value)]
        new = (asked | {term.rule for term in values if isinstance(term, Score)}) - wanted
    return Rulebook(tuple(rule for rule in rulebook.rules if rule.name in wanted))
