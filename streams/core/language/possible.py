"""Whether a condition can hold of anybody at all, as far as the rule alone tells.

Comes in: conditions of the checked tree that are to hold of one profile at one instant. Goes out: False where no values
could make them hold together; True where some could, or where nobody has worked it out.

Each value that is compared with constants is narrowed down, condition by condition, to what it may still be. Of what
joins conditions by `or` one after the other is tried. What is not understood may be either, as long as it is the same
wherever it stands.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product
from math import ceil, floor, inf, nextafter
from typing import Final

from streams.core.language.render import render, render_value
from streams.core.rules.nodes import (
    MIRRORED,
    All,
    Always,
    Arithmetic,
    Compare,
    Comparison,
    Condition,
    Constant,
    Elapsed,
    FirstSeen,
    Has,
    IdleSince,
    InSegment,
    LastSeen,
    Leaf,
    Lifetime,
    Missing,
    Not,
    Read,
    Score,
    Some,
    Truth,
    Value,
    Window,
    Within,
)
from streams.core.rules.rfm import NAMES

STEPS: Final = 2_000  # of the search; after that many it gives up
OPPOSITE: Final[Mapping[Comparison, Comparison]] = {
    "<": ">=",
    ">=": "<",
    ">": "<=",
    "<=": ">",
    "==": "!=",
    "!=": "==",
}
SCORES: Final = frozenset("".join(digits) for digits in product("12345", repeat=3))


@dataclass(frozen=True)
class May:
    """What a value may still be.

    low to high: the numbers, ends included; only whole ones where they are counted. texts: None for any. but: numbers
    and texts that it is not. booleans: which. missing, a list: whether it may be so.
    """

    low: float = -inf
    high: float = inf
    whole: bool = False
    texts: frozenset[str] | None = None
    booleans: frozenset[bool] = frozenset((True, False))
    but: frozenset[float | str] = frozenset()
    missing: bool = True
    list_: bool = True

    @property
    def is_nothing(self) -> bool:
        texts = self.texts is None or bool(self.texts - self.but)
        return not (self._has_number or texts or self.booleans or self.missing or self.list_)

    @property
    def _has_number(self) -> bool:
        low, high = (ceil(self.low), floor(self.high)) if self._is_counted else (self.low, self.high)
        if low > high:
            return False
        few = self._is_counted and high - low <= len(self.but)
        return any(number not in self.but for number in (range(int(low), int(high) + 1) if few else [low])) or (
            not few and low < high
        )

    @property
    def _is_counted(self) -> bool:
        return self.whole and abs(self.low) < inf and abs(self.high) < inf

    def only_numbers(self) -> "May":
        return replace(self, texts=frozenset(), booleans=frozenset(), missing=False, list_=False)

    def only_texts(self) -> "May":
        return replace(self, low=inf, high=-inf, booleans=frozenset(), missing=False, list_=False)

    def only_booleans(self, which: frozenset[bool]) -> "May":
        return replace(
            self, low=inf, high=-inf, texts=frozenset(), booleans=self.booleans & which, missing=False, list_=False
        )


NOTHING: Final = May(inf, -inf, texts=frozenset(), booleans=frozenset(), missing=False, list_=False)
Options = tuple[float, ...] | tuple[str, ...] | tuple[bool, ...]
State = Mapping[str, May | bool]  # what is known so far: of values, and of conditions that nobody looks into


class _GaveUp(Exception):
    pass


def possible(*conditions: Condition) -> bool:
    """Whether they may hold together.

    >>> from streams.core.language.parser import parse_condition
    >>> [possible(parse_condition(text)) for text in ("mrr > 5 and mrr < 3", "mrr > 5 or mrr < 3")]
    [False, True]
    """
    try:
        return _Search().holds([(condition, True) for condition in conditions], {})
    except (_GaveUp, RecursionError):
        return True


class _Search:
    def __init__(self) -> None:
        self._steps = 0

    def holds(self, wanted: list[tuple[Condition, bool]], known: State) -> bool:
        """Whether all that is wanted, each to hold or not to, can be had beside what is known."""
        wanted = list(wanted)
        while wanted:
            self._steps += 1
            if self._steps > STEPS:
                raise _GaveUp
            condition, truth = wanted.pop()
            match condition:
                case Not(part):
                    wanted.append((part, not truth))
                case All(parts) | Some(parts) if isinstance(condition, All) is truth:
                    wanted += [(part, truth) for part in parts]
                case All(parts) | Some(parts):
                    return any(self.holds([*wanted, (part, truth)], known) for part in parts)
                case Always(value):
                    if value is not truth:
                        return False
                case _:
                    narrowed = _narrowed(condition, truth, known)
                    if narrowed is None:
                        return False
                    known = narrowed
        return True


def _narrowed(leaf: Leaf, truth: bool, known: State) -> State | None:
    """What is known when a leaf holds, or does not; None if that cannot be."""
    value = _looked_into(leaf)
    if value is None:
        name = f"? {render(leaf)}"
        return None if known.get(name, truth) is not truth else {**known, name: truth}
    name = render_value(value)
    before = known.get(name)
    may = _narrow(leaf, truth, before if isinstance(before, May) else of(value))
    return None if may.is_nothing else {**known, name: may}


def _looked_into(leaf: Leaf) -> Value | None:
    """The value that a leaf is about; None where it is not narrowed down by it."""
    match leaf:
        case Compare(_, left, Constant()):
            return None if isinstance(left, Constant) else left
        case Compare(_, Constant(), right):
            return right
        case Within(item=value) | Truth(value=value) | Missing(value=value):
            return value
        case Compare() | Has() | InSegment():
            return None


def of(value: Value) -> May:
    """What a value may be whatever holds."""
    match value:
        case Read(Window("active_days", length=days)):
            return May(0.0, float(days), whole=True).only_numbers()
        case Read(Window("count" | "distinct" | "values") | Lifetime()):
            return May(0.0, whole=True).only_numbers()
        case Score(part="r" | "f" | "m"):
            return replace(May(1.0, 5.0, whole=True).only_numbers(), missing=True)
        case Score(part=part):
            texts = frozenset(NAMES) if part == "name" else SCORES
            return replace(May(texts=texts).only_texts(), missing=True)
        case Elapsed(IdleSince() | FirstSeen() | LastSeen(), sign=1):
            return replace(May(0.0).only_numbers(), missing=True)
        case Elapsed() | Arithmetic() | Read(Window()):
            return replace(May().only_numbers(), missing=True)
    return May()


def _narrow(leaf: Leaf, truth: bool, may: May) -> May:
    match leaf:
        case Compare(operator, left, Constant(constant)) if not isinstance(left, Constant):
            return _compared(may, operator, constant, truth)
        case Compare(operator, Constant(constant), _):
            return _compared(may, MIRRORED[operator], constant, truth)
        case Within(_, options, negated):
            return _within(may, options, truth is not negated, truth)
        case Truth():
            return may.only_booleans(frozenset((True,))) if truth else replace(may, booleans=may.booleans - {True})
        case Missing():
            return replace(NOTHING, missing=may.missing) if truth else replace(may, missing=False)
    return may


def _compared(may: May, operator: Comparison, constant: float | str | bool, truth: bool) -> May:
    """A comparison holds of the constant's kind alone; of all else it does not."""
    said = operator if truth else OPPOSITE[operator]
    match constant:
        case bool():
            which = frozenset((constant if said == "==" else not constant,))
            return may.only_booleans(which) if truth else replace(may, booleans=may.booleans & which)
        case str():
            narrowed = _text(may, said, constant)
            return narrowed.only_texts() if truth else narrowed
    narrowed = _number(may, said, float(constant))
    return narrowed.only_numbers() if truth else narrowed


def _text(may: May, operator: Comparison, text: str) -> May:
    if operator == "==":
        fits = may.texts is None or text in may.texts
        return replace(may, texts=frozenset((text,)) if fits else frozenset())
    return replace(may, but=may.but | {text}) if operator == "!=" else may


def _number(may: May, operator: Comparison, number: float) -> May:
    match operator:
        case "==":
            return replace(may, low=max(may.low, number), high=min(may.high, number))
        case "!=":
            return replace(may, but=may.but | {number})
        case "<" | "<=":
            return replace(may, high=min(may.high, number if operator == "<=" else nextafter(number, -inf)))
    return replace(may, low=max(may.low, number if operator == ">=" else nextafter(number, inf)))


def _within(may: May, options: Options, is_one: bool, truth: bool) -> May:
    """The value is one of the options, or none of them; and of their kind, if the leaf is to hold."""
    texts = frozenset(option for option in options if isinstance(option, str))
    booleans = frozenset(option for option in options if isinstance(option, bool))
    numbers = frozenset(option for option in options if isinstance(option, float))
    if booleans:
        which = may.booleans & booleans if is_one else may.booleans - booleans
        return may.only_booleans(which) if truth else replace(may, booleans=which)
    if not is_one:
        narrowed = replace(may, but=may.but | texts | numbers)
    elif texts:
        narrowed = replace(may, texts=texts if may.texts is None else may.texts & texts)
    else:
        fit = [number for number in numbers if may.low <= number <= may.high and (number.is_integer() or not may.whole)]
        narrowed = replace(may, low=min(fit, default=inf), high=max(fit, default=-inf))
    if not truth:
        return narrowed
    return narrowed.only_texts() if texts else narrowed.only_numbers()
