"""What a condition says of something, be it a profile at an instant or one event (docs/semantics.md#values).

Comes in: checked trees. Goes out: truths, and values; None is missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from streams.core.events import Value
from streams.core.rules.nodes import (
    All,
    Always,
    Arithmetic,
    Compare,
    Condition,
    Constant,
    Elapsed,
    Has,
    InSegment,
    Missing,
    Not,
    Property,
    Read,
    Score,
    Some,
    Truth,
    Within,
)
from streams.core.rules.nodes import Value as Term
from tests.oracle.values import calculate, compare, found_in, number_or, small


class Subject:
    """What conditions are asked of. What its own terms are worth, and its memberships, each subject says itself."""

    def own(self, term: Read | Elapsed | Property | Score) -> Value:
        raise AssertionError(f"{term} cannot be asked of a {type(self).__name__}")

    def member(self, segment: str) -> bool:
        raise AssertionError(f"a {type(self).__name__} is in no segment such as {segment}")

    def apart(self, left: Elapsed, right: Elapsed) -> Value:
        raise AssertionError(f"a {type(self).__name__} has no {left} and {right}")

    def holds(self, condition: Condition) -> bool:
        match condition:
            case All(parts):
                return all(self.holds(part) for part in parts)
            case Some(parts):
                return any(self.holds(part) for part in parts)
            case Not(part):
                return not self.holds(part)
            case Always(value):
                return value
            case Compare(operator, left, right):
                return compare(operator, self.value(left), self.value(right))
            case InSegment(segment):
                return self.member(segment)
            case _:
                return self.says(condition)

    def says(self, leaf: Within | Truth | Has | Missing) -> bool:
        match leaf:
            case Within(item, options, True):
                return all(compare("!=", self.value(item), option) for option in options)
            case Within(item, options):
                return any(compare("==", self.value(item), option) for option in options)
            case Truth(value):
                return self.value(value) is True
            case Has(value, wanted, how=how):
                return found_in(how, self.value(value), wanted)
            case Missing(value):
                return self.value(value) is None

    def value(self, term: Term) -> Value:
        match term:
            case Constant(value):
                return number_or(value)
            case Arithmetic("+" | "-" as operator, Elapsed() as left, Elapsed() as right) if side_by_side(
                operator, left, right
            ):
                return self.apart(left, right)
            case Arithmetic(operator, left, right):
                return calculate(operator, self.value(left), self.value(right))
            case _:
                return self.own(term)


def side_by_side(operator: str, left: Elapsed, right: Elapsed) -> bool:
    """Whether two times move alike, so that what lies between them stands still."""
    return left.unit_ms == right.unit_ms and left.sign == (right.sign if operator == "-" else -right.sign)


@dataclass(frozen=True)
class OneEvent(Subject):
    """An event that a `where` is asked of: it has its properties and no more."""

    properties: Mapping[str, Value]

    def own(self, term: Read | Elapsed | Property | Score) -> Value:
        if not isinstance(term, Property):
            return super().own(term)
        value = self.properties.get(term.name)
        return small(value) if term.lowered else number_or(value)
