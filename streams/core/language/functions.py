"""The functions that have a value, and what their arguments mean.

Comes in: a call, and how values are read where it stands. Goes out: the value, or what is wrong with the call.
"""

import ast
from collections.abc import Callable, Mapping

from streams.core.instants import DAY_MS, HOUR_MS
from streams.core.language.calls import Call, dotted
from streams.core.language.events import read_events
from streams.core.language.faults import both
from streams.core.language.lowering import lower
from streams.core.language.vocabulary import CLOCKS, usage
from streams.core.rules.nodes import (
    Arithmetic,
    Elapsed,
    EventSet,
    Instant,
    LastSeen,
    Latest,
    LatestTime,
    Lifetime,
    Read,
    Statistic,
    Trait,
    TraitTime,
    Value,
    Window,
)
from streams.core.rules.statistics import STATISTICS

ReadValue = Callable[[ast.expr], Value]


def read_call(call: Call, read: ReadValue) -> Value:
    match call.name:
        case "days_since":
            return Elapsed(_past(call, read), float(DAY_MS))
        case "hours_since":
            return Elapsed(_past(call, read), float(HOUR_MS))
        case "days_until":
            return Elapsed(_ahead(call, read), float(DAY_MS), -1)
        case "lower":
            return lower(call, read)
    return VALUES[call.name](call)


def _events(call: Call) -> EventSet:
    return read_events(call.source, call.arguments[0]) if call.arguments else EventSet(None)


def _count(call: Call) -> Value:
    events, window = both(lambda: _events(call), call.window)
    return Read(Window("count", events, *window) if window else Lifetime(events))


def _active_days(call: Call) -> Value:
    events, window = both(lambda: _events(call), call.needed_window)
    return Read(Window("active_days", events, *window))


def _trend(call: Call) -> Value:
    events, (unit, length, _) = both(lambda: _events(call), call.needed_window)
    now, earlier = (Read(Window("count", events, unit, length, before)) for before in (0, length))
    return Arithmetic("/", now, earlier)


def _of_property(statistic: Statistic) -> Callable[[Call], Value]:
    def read(call: Call) -> Value:
        (events, prop), window = both(lambda: _events_and_property(call), call.needed_window)
        return Read(Window(statistic, events, *window, prop))

    return read


def _events_and_property(call: Call) -> tuple[EventSet, str]:
    return both(lambda: _events(call), lambda: call.text(1, "a property"))


def _avg(call: Call) -> Value:
    return Arithmetic("/", _of_property("sum")(call), _of_property("values")(call))


def _latest(call: Call) -> Value:
    return Read(Latest(*_events_and_property(call)))


def _event(call: Call) -> Value:
    hint = "count them, as in count(event(..), days=30) > 0"
    raise call.source.fault(call.node, "events are no value by themselves", hint)


def _property(call: Call) -> Value:
    hint = 'it stands inside event(.., where=..); for a trait write trait("..")'
    raise call.source.fault(call.node, "a property is of an event and not of the profile", hint)


VALUES: Mapping[str, Callable[[Call], Value]] = {
    "count": _count,
    "avg": _avg,
    **{name: _of_property(name) for name, each in STATISTICS.items() if each.of_property},
    "active_days": _active_days,
    "trend": _trend,
    "latest": _latest,
    "trait": lambda call: Read(Trait(call.text(0, "a trait"))),
    "event": _event,
    "property": _property,
}


def _past(call: Call, read: ReadValue) -> Instant:
    node = call.arguments[0]
    is_call = isinstance(node, ast.Call) and dotted(node.func) != "event"
    is_name = dotted(node) not in (None, "any")
    return _time_held(call, read) if is_call or is_name else LastSeen(read_events(call.source, node))


def _ahead(call: Call, read: ReadValue) -> Instant:
    node = call.arguments[0]
    match node:
        case ast.Constant(value=str()) | ast.List() | ast.Name(id="any") | ast.Call(func=ast.Name(id="event")):
            hint = "for an event write days_since; for a trait leave out the quotes"
            raise call.source.fault(node, "an event is never ahead", hint)
    return _time_held(call, read)


def _time_held(call: Call, read: ReadValue) -> TraitTime | LatestTime:
    """The time that a trait or latest(..) holds."""
    node = call.arguments[0]
    if dotted(node) in CLOCKS:
        raise call.source.fault(node, f"`{dotted(node)}` is a number of days already", f"write `{dotted(node)}`")
    match read(node):
        case Read(Trait(name)):
            return TraitTime(name)
        case Read(Latest(events, prop)):
            return LatestTime(events, prop)
    raise call.source.fault(node, f"`{call.name}` needs a trait or latest(..) that holds a time", usage(call.name))
