"""Expressions as text, and as the tree that the text means.

Comes in: pieces with their meaning. Goes out: bigger pieces with theirs, in the spelling that `render` has too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Generic, Literal, TypeVar

from hypothesis import strategies as st

from streams.core.rules.nodes import (
    All,
    Arithmetic,
    Compare,
    Comparison,
    Condition,
    Constant,
    Has,
    How,
    Latest,
    Lowered,
    Missing,
    Not,
    Property,
    Read,
    Some,
    Trait,
    Truth,
    Within,
)
from streams.core.rules.nodes import Value as Term
from tests.strategies.names import PARTS, SMALL

Node = TypeVar("Node")
Option = TypeVar("Option", float, str)
Options = tuple[float, ...] | tuple[str, ...]

HOWS: tuple[How, ...] = ("contains", "starts_with", "ends_with")
COMPARISONS: tuple[Comparison, ...] = ("<", "<=", ">", ">=", "==", "!=")


@dataclass(frozen=True)
class Written(Generic[Node]):
    """A piece of an expression as text, and what the text means. `plain`: needs no parentheses anywhere."""

    text: str
    node: Node
    plain: bool = True

    @property
    def inside(self) -> str:
        return self.text if self.plain else f"({self.text})"


# values


def literal(value: float | str | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else f"{value:g}"


def as_read(value: float | str | bool) -> float | str | bool:
    """Every number that the parser reads is a double."""
    return value if isinstance(value, str | bool) else float(value)


def constant(value: float | str | bool) -> Written[Term]:
    return Written(literal(value), Constant(as_read(value)))


def constants(*values: float | str | bool) -> st.SearchStrategy[Written[Term]]:
    return st.sampled_from(values).map(constant)


def combine(operator: Literal["+", "-", "*", "/"], left: Written[Term], right: Written[Term]) -> Written[Term]:
    return Written(f"{left.inside} {operator} {right.inside}", Arithmetic(operator, left.node, right.node), plain=False)


# conditions


def comparison(operator: Comparison, left: Written[Term], right: Written[Term]) -> Written[Condition]:
    text = f"{left.text} {operator} {right.text}"
    return Written(text, Compare(operator, left.node, right.node, text), plain=False)


def between(low: Written[Term], middle: Written[Term], high: Written[Term]) -> Written[Condition]:
    first, second = comparison("<", low, middle), comparison("<=", middle, high)
    return Written(f"{low.text} < {middle.text} <= {high.text}", All((first.node, second.node)), plain=False)


def within(item: Written[Term], options: Options, negated: bool) -> Written[Condition]:
    listed = ", ".join(map(literal, options))
    text = f"{item.text} {'not in' if negated else 'in'} [{listed}]"
    return Written(text, Within(item.node, options, negated, text), plain=False)


def has(holder: Written[Term], wanted: float | str | bool) -> Written[Condition]:
    text = f"has({holder.text}, {literal(wanted)})"
    return Written(text, Has(holder.node, as_read(wanted), text))


def contains(how: How, holder: Written[Term], wanted: str) -> Written[Condition]:
    text = f"{how}({holder.text}, {literal(wanted)})"
    return Written(text, Has(holder.node, wanted, text, how))


def lowered(holder: Written[Term]) -> Written[Term]:
    match holder.node:
        case Read(Trait() | Latest() as of):
            return Written(f"lower({holder.text})", Read(Lowered(of)))
        case Property(name):
            return Written(f"lower({holder.text})", Property(name, lowered=True))
    raise AssertionError(f"{holder} has no letters")


def missing(item: Written[Term]) -> Written[Condition]:
    return Written(f"missing({item.text})", Missing(item.node, f"missing({item.text})"))


def bare(item: Written[Term]) -> Written[Condition]:
    return Written(item.text, Truth(item.node, item.text))


def some_of(options: Sequence[Option]) -> st.SearchStrategy[tuple[Option, ...]]:
    return st.lists(st.sampled_from(options), min_size=1, max_size=3, unique=True).map(tuple)


@st.composite
def joined(draw: st.DrawFn, leaves: st.SearchStrategy[Written[Condition]], depth: int) -> Written[Condition]:
    """Leaves joined by `and`, `or` and `not`, nested up to `depth`."""
    kind = draw(st.sampled_from(("leaf", "leaf", "and", "or", "not"))) if depth else "leaf"
    if kind == "leaf":
        return draw(leaves)
    if kind == "not":
        part = draw(joined(leaves, depth - 1))
        return Written(f"not {part.inside}", Not(part.node), plain=False)
    some = draw(st.lists(joined(leaves, depth - 1), min_size=2, max_size=3))
    text = f" {kind} ".join(part.inside for part in some)
    whole = All if kind == "and" else Some
    return Written(text, whole(tuple(chain.from_iterable(flat(whole, part.node) for part in some))), plain=False)


def flat(whole: type[All] | type[Some], node: Condition) -> tuple[Condition, ...]:
    """`a and (b and c)` is `a and b and c`."""
    return node.parts if isinstance(node, whole) else (node,)


@st.composite
def looks_into(draw: st.DrawFn, holders: st.SearchStrategy[Written[Term]]) -> Written[Condition]:
    """Whether a text has another, or how two compare, as it is or in small letters."""
    holder = draw(holders)
    match draw(st.sampled_from(("as it is", "lowered", "compared"))):
        case "as it is":
            return contains(draw(st.sampled_from(HOWS)), holder, draw(st.sampled_from(PARTS)))
        case "lowered":
            return contains(draw(st.sampled_from(HOWS)), lowered(holder), draw(st.sampled_from(PARTS)))
        case _:
            return comparison(draw(st.sampled_from(COMPARISONS)), lowered(holder), draw(constants(*SMALL)))
