"""The checked tree as text, in one spelling for each meaning.

Comes in: a condition or a value. Goes out: an expression that parses to the same tree. A rule's version is a hash of
it, so another spelling here is another version of every rule.
"""

from collections.abc import Iterator
from dataclasses import replace

from streams.core.instants import HOUR_MS
from streams.core.language.spelling import is_plain_name
from streams.core.language.vocabulary import is_bare_trait
from streams.core.rules.nodes import (
    All,
    Always,
    Arithmetic,
    Compare,
    Condition,
    Constant,
    Elapsed,
    EventSet,
    Feature,
    FirstSeen,
    Has,
    Holds,
    IdleSince,
    InSegment,
    LastSeen,
    Latest,
    LatestTime,
    Lifetime,
    Lowered,
    Missing,
    Not,
    Property,
    Read,
    Score,
    Some,
    Truth,
    Value,
    Window,
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
        case Has(value, wanted, how=how):
            text = f"{how}({render_value(value)}, {_constant(wanted)})"
        case Missing(value):
            text = f"missing({render_value(value)})"
        case InSegment(segment):
            text = f"in_segment({_constant(segment)})"
        case Truth(value):
            text = render_value(value)
        case _:
            text = _constant(condition.value)
    return text


def canonical(condition: Condition) -> Condition:
    """The same condition, the text of each leaf in the one spelling: what means the same is equal then."""
    match condition:
        case All(parts) | Some(parts):
            return replace(condition, parts=tuple(map(canonical, parts)))
        case Not(part):
            return Not(canonical(part))
        case Always():
            return condition
    return replace(condition, text=render(condition))


def render_value(value: Value) -> str:
    match value:
        case Constant(constant):
            text = _constant(constant)
        case Read(feature):
            text = _feature(feature)
        case Property(name, lowered=True):
            text = f"lower({render_value(Property(name))})"
        case Property(name):
            text = f"properties.{name}" if is_plain_name(f"properties.{name}") else f"property({_constant(name)})"
        case Score(rule, part):
            text = f"{rule}.{part}"
        case Elapsed(IdleSince()):
            text = "idle_days"
        case Elapsed(FirstSeen()):
            text = "tenure_days"
        case Elapsed(instant, unit_ms, sign):
            unit, direction = "hours" if unit_ms == HOUR_MS else "days", "since" if sign == 1 else "until"
            text = f"{unit}_{direction}({_feature(instant)})"
        case _:
            text = _ratio(value) or _arithmetic(value)
    return text


def named(value: Value) -> Iterator[Value]:
    """What a value is calculated of, without the constants: each has a name or a function of its own."""
    if isinstance(value, Arithmetic) and not _ratio(value):
        yield from named(value.left)
        yield from named(value.right)
    elif not isinstance(value, Constant):
        yield value


def _part(condition: Condition) -> str:
    """A part of `and`, `or` or `not`: in brackets if it has parts itself."""
    text = render(condition)
    return f"({text})" if isinstance(condition, All | Some) else text


def _arithmetic(value: Arithmetic) -> str:
    left, right = _operand(value.left, value.operator, left=True), _operand(value.right, value.operator, left=False)
    return f"{left} {value.operator} {right}"


def _operand(value: Value, operator: str, left: bool) -> str:
    text = render_value(value)
    if not isinstance(value, Arithmetic) or _ratio(value):
        return text
    weaker = value.operator in "+-" and operator in "*/"
    equal = (value.operator in "+-") == (operator in "+-")
    return f"({text})" if weaker or (equal and not left) else text


def _ratio(value: Arithmetic) -> str:
    """An average or a trend, which are divisions of two windows with a name of their own; else an empty string."""
    match value:
        case Arithmetic("/", Read(Window("sum") as total), Read(Window("values") as numbers)):
            if total == replace(numbers, statistic="sum"):
                return _window("avg", total)
        case Arithmetic("/", Read(Window("count", before=0) as now), Read(Window("count") as earlier)):
            if earlier == replace(now, before=now.length):
                return _window("trend", now)
    return ""


def _feature(feature: Feature) -> str:
    match feature:
        case Window(statistic):
            return _window(statistic, feature)
        case Lifetime(events):
            return f"count({_events(events)})"
        case LastSeen(events):
            return _events(events)
        case Latest(events, prop) | LatestTime(events, prop):
            return f"latest({_events(events)}, {_constant(prop)})"
        case Lowered(of):
            return f"lower({_feature(of)})"
        case IdleSince() | FirstSeen() | Holds():
            raise ValueError("no value of an expression reads this alone")
    return feature.name if is_bare_trait(feature.name) else f"trait({_constant(feature.name)})"


def _window(function: str, window: Window) -> str:
    arguments = [] if function == "active_days" and window.events == EventSet(None) else [_events(window.events)]
    arguments += [_constant(window.prop)] if window.prop is not None else []
    arguments += [f"{window.unit}s={window.length}"] + ([f"before_days={window.before}"] if window.before else [])
    return f"{function}({', '.join(arguments)})"


def _events(events: EventSet) -> str:
    if events.names is None:
        text = "any"
    else:
        names = [_constant(name) for name in events.names]
        text = names[0] if len(names) == 1 else f"[{', '.join(names)}]"
    return f"event({text}, where={render(events.where)})" if events.where else text


def _constant(value: float | str | bool) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.translate(ESCAPES) + '"'
    return str(int(value)) if value.is_integer() and abs(value) < 1e16 else repr(value)
