"""Ways through a rule's tree.

Comes in: a rule, a condition or a value. Goes out: its leaves, its operands, the features it reads.
"""

from collections.abc import Iterator

from streams.core.rules.nodes import (
    All,
    Always,
    Arithmetic,
    Compare,
    Condition,
    Constant,
    Elapsed,
    Feature,
    Has,
    InSegment,
    Leaf,
    Missing,
    Not,
    Read,
    Some,
    Truth,
    Within,
)
from streams.core.rules.nodes import Value as Term
from streams.core.rules.rulebook import Grouping, Tier


def rule_leaves(rule: Grouping) -> list[Leaf]:
    if isinstance(rule, Tier):
        of_whom = leaves(rule.among) if rule.among is not None else ()
        return [*of_whom, *(leaf for level in rule.levels for leaf in leaves(level.condition))]
    return [*leaves(rule.enter), *(leaves(rule.exit) if rule.exit is not None else ())]


def leaves(condition: Condition) -> Iterator[Leaf]:
    match condition:
        case All(parts) | Some(parts):
            for part in parts:
                yield from leaves(part)
        case Not(part):
            yield from leaves(part)
        case Always():
            return
        case _:
            yield condition


def operands(leaf: Leaf) -> tuple[Term, ...]:
    match leaf:
        case Compare(_, left, right):
            return left, right
        case Within(item):
            return (item,)
        case Truth(value) | Has(value) | Missing(value):
            return (value,)
        case InSegment():
            return ()


def parts(term: Term) -> Iterator[Term]:
    yield term
    if isinstance(term, Arithmetic):
        yield from parts(term.left)
        yield from parts(term.right)


def moves(term: Term) -> bool:
    """Whether time alone changes it, between the boundaries of windows and of scores."""
    return any(isinstance(part, Elapsed) for part in parts(term))


def features(term: Term) -> Iterator[Feature]:
    return (part.feature for part in parts(term) if isinstance(part, Read))


def compared(leaf: Leaf) -> Iterator[tuple[Term, Term]]:
    if isinstance(leaf, Compare):
        yield leaf.left, leaf.right
    if isinstance(leaf, Within):
        yield from ((leaf.item, Constant(option)) for option in leaf.options)
