"""The checked tree as text, in one spelling for each meaning.

Comes in: a condition. Goes out: an expression that parses to the same tree. A rule's version is a hash of it, so
another spelling here is another version of every rule.
"""

from streams.core.features import HOUR_MS, EventSet, Feature, FirstSeen, IdleSince, LastSeen, Lifetime, Window
from streams.core.language.vocabulary import is_bare_trait
from streams.core.tree import (
    All,
    Arithmetic,
    Compare,
    Condition,
    Constant,
    Elapsed,
    InSegment,
    Missing,
    Not,
    Read,
    Some,
    Truth,
    Value,
    Within,
)

ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


def render(condition: Condition) -> str:
    match condition:
        case All(parts):
            text = " and ".join(map(_part, parts))
        case Some(parts):
            text = " or ".join(map(_part, parts))
        case Not(part):
            text = f"not {_part(part)}"
        case Compare(operator, left, right):
            text = f"{render_value(left)} {operator} {render_value(right)}"
        case Within(item, options, negated):
            text = f"{render_value(item)} {'not in' if negated else 'in'} [{', '.join(map(_constant, options))}]"
        case Missing(value):
            text = f"missing({render_value(value)})"
        case InSegment(segment):
            text = f"in_segment({_constant(segment)})"
        case Truth(value):
            text = render_value(value)
        case _:
            text = _constant(condition.value)
    return text


def render_value(value: Value) -> str:
    match value:
        case Constant(constant):
            text = _constant(constant)
        case Read(feature):
            text = _feature(feature)
        case Elapsed(IdleSince()):
            text = "idle_days"
        case Elapsed(FirstSeen()):
            text = "tenure_days"
        case Elapsed(instant, unit_ms, sign):
            unit, direction = "hours" if unit_ms == HOUR_MS else "days", "since" if sign == 1 else "until"
            text = f"{unit}_{direction}({_feature(instant)})"
        case _:
            left = _operand(value.left, value.operator, left=True)
            text = f"{left} {value.operator} {_operand(value.right, value.operator, left=False)}"
    return text


def _part(condition: Condition) -> str:
    """A part of `and`, `or` or `not`: in brackets if it has parts itself."""
    text = render(condition)
    return f"({text})" if isinstance(condition, All | Some) else text


def _operand(value: Value, operator: str, left: bool) -> str:
    text = render_value(value)
    if not isinstance(value, Arithmetic):
        return text
    weaker = value.operator in "+-" and operator in "*/"
    equal = (value.operator in "+-") == (operator in "+-")
    return f"({text})" if weaker or (equal and not left) else text


def _feature(feature: Feature) -> str:
    match feature:
        case Window(statistic, events, unit, length, before, prop):
            arguments = [] if statistic == "active_days" and events.names is None else [_events(events)]
            arguments += [_constant(prop)] if prop is not None else []
            arguments += [f"{unit}s={length}"] + ([f"before_days={before}"] if before else [])
            return f"{statistic}({', '.join(arguments)})"
        case Lifetime(events):
            return f"count({_events(events)})"
        case LastSeen(events):
            return _events(events)
        case IdleSince() | FirstSeen():
            raise ValueError("a clock is read as the time elapsed since it")
    return feature.name if is_bare_trait(feature.name) else f"trait({_constant(feature.name)})"


def _events(events: EventSet) -> str:
    if events.names is None:
        return "any"
    names = [_constant(name) for name in events.names]
    return names[0] if len(names) == 1 else f"[{', '.join(names)}]"


def _constant(value: float | str | bool) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.translate(ESCAPES) + '"'
    return str(int(value)) if value.is_integer() and abs(value) < 1e16 else repr(value)
