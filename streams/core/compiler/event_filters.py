"""What a `where` says of an event: a condition on its own properties, decided once for each event.

Comes in: a checked condition. Goes out: a function of an event's properties; and which properties it reads.
For whoever writes rules: docs/rules.md#events.
"""

import operator
from collections.abc import Callable, Iterator, Mapping
from math import isfinite

from streams.core.events import Scalar, Value
from streams.core.rules.equality import FINDS, lowered, wanted_as
from streams.core.rules.nodes import (
    All,
    Always,
    Arithmetic,
    Compare,
    Comparison,
    Condition,
    Constant,
    Has,
    Missing,
    Not,
    Property,
    Some,
    Truth,
    Within,
)
from streams.core.rules.nodes import Value as Term
from streams.core.rules.traversal import leaves, operands, terms

Properties = Mapping[str, Value]
Ask = Callable[[Properties], bool]
Get = Callable[[Properties], Value]

HOLDS: Mapping[Comparison, Callable[[Scalar, Scalar], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
CALCULATE: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


def asked(condition: Condition) -> Ask:
    """The function that says whether the condition holds of an event.

    >>> from streams.core.language.parser import parse_condition
    >>> count = parse_condition('count(event("File Exported", where=properties.format in ["pdf", "png"])) > 0')
    >>> is_counted = asked(count.left.feature.events.where)
    >>> is_counted({"format": "pdf"}), is_counted({"format": "gif"}), is_counted({})
    (True, False, False)
    """
    match condition:
        case All(parts):
            asks = [asked(part) for part in parts]
            return lambda properties: all(ask(properties) for ask in asks)
        case Some(parts):
            asks = [asked(part) for part in parts]
            return lambda properties: any(ask(properties) for ask in asks)
        case Not(part):
            ask = asked(part)
            return lambda properties: not ask(properties)
        case Always(truth):
            return lambda _: truth
        case Compare(comparison, left, right):
            return _comparison(comparison, read(left), read(right))
        case _:
            return _of_one_value(condition)


def _comparison(comparison: Comparison, left: Get, right: Get) -> Ask:
    return lambda properties: compares(comparison, left(properties), right(properties))


def compares(comparison: Comparison, left: Value, right: Value) -> bool:
    """Never with a missing value or a list, nor between unlike kinds; booleans are in no order."""
    if type(left) is not type(right) or left is None or isinstance(left, list):
        return False
    if isinstance(left, bool) and comparison not in ("==", "!="):
        return False
    return HOLDS[comparison](left, right)  # type: ignore[arg-type]  # both are of one kind, and no list


def _of_one_value(leaf: Condition) -> Ask:
    match leaf:
        case Within(item, options, negated):
            return _within(read(item), tuple(map(in_double, options)), negated)
        case Truth(value):
            get = read(value)
            return lambda properties: get(properties) is True
        case Has(value, wanted, how=how):
            get, finds, sought = read(value), FINDS[how], wanted_as(how, wanted)
            return lambda properties: finds(get(properties), sought)
        case Missing(value):
            get = read(value)
            return lambda properties: get(properties) is None
    raise TypeError(f"an event cannot be asked {leaf}")


def _within(get: Get, options: tuple[Value, ...], negated: bool) -> Ask:
    comparison: Comparison = "!=" if negated else "=="
    enough = all if negated else any

    def ask(properties: Properties) -> bool:
        item = get(properties)
        return enough(compares(comparison, item, option) for option in options)

    return ask


def read(term: Term) -> Get:
    match term:
        case Constant(value):
            constant = in_double(value)
            return lambda _: constant
        case Property(name, lowered=True):
            return lambda properties: lowered(properties.get(name))
        case Property(name):
            return lambda properties: in_double(properties.get(name))
        case Arithmetic(sign, left, right):
            return _arithmetic(sign, read(left), read(right))
    raise TypeError(f"an event has no {term}")


def in_double(value: Value) -> Value:
    """Numbers are doubles, whatever JSON wrote them as."""
    return float(value) if type(value) is int else value


def _arithmetic(sign: str, left: Get, right: Get) -> Get:
    calculate = CALCULATE[sign]

    def get(properties: Properties) -> Value:
        a, b = left(properties), right(properties)
        if not isinstance(a, float) or not isinstance(b, float) or (sign == "/" and b == 0.0):
            return None
        number = calculate(a, b)
        return number if isfinite(number) else None

    return get


def properties_read(condition: Condition) -> Iterator[str]:
    """The names of the properties that a condition asks for."""
    read = (term for leaf in leaves(condition) for value in operands(leaf) for term in terms(value))
    return (term.name for term in read if isinstance(term, Property))
