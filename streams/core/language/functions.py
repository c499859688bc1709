"""The functions of the rule language and what their arguments mean.

Comes in: a call in Python's syntax tree. Goes out: the value that it reads, or what is wrong with the call.
"""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from streams.core.features import (
    DAY_MS,
    HOUR_MS,
    EventSet,
    LastSeen,
    Lifetime,
    Statistic,
    Trait,
    TraitTime,
    Unit,
    Window,
)
from streams.core.language.faults import both, did_you_mean, each
from streams.core.language.syntax import Source
from streams.core.language.vocabulary import CLOCKS, FUNCTIONS, LATER, mistaken, usage
from streams.core.tree import Elapsed, Read, Value

MAX_DAYS = 3_660  # ten years
MAX_HOURS = 24 * 366
KNOWN = f"this version has {', '.join(FUNCTIONS)}"
EXAMPLES = {"an event": "Signed In", "a property": "amount", "a trait": "plan", "a segment": "churn-risk"}


@dataclass(frozen=True, slots=True)
class Call:
    """A call whose function is known, with the right number of arguments and known options, each once."""

    source: Source
    name: str
    arguments: list[ast.expr]
    options: dict[str, ast.expr]
    node: ast.Call

    def events(self) -> EventSet:
        return EventSet(None) if not self.arguments else _events(self.source, self.arguments[0])

    def text(self, i: int, what: str) -> str:
        return _text(self.source, self.arguments[i], what)

    def window(self) -> tuple[Unit, int, int] | None:
        """Unit, length and units before it; None without `days` and `hours`."""
        if "days" in self.options and "hours" in self.options:
            raise self.source.fault(self.options["hours"], "either days= or hours=, not both", "keep one of them")
        if "before_days" in self.options and "days" not in self.options:
            raise self.source.fault(
                self.options["before_days"], "before_days= goes with days= only", "give the length in days="
            )
        if "hours" in self.options:
            return "hour", self._whole("hours", 1, MAX_HOURS), 0
        if "days" not in self.options:
            return None
        length, before = both(lambda: self._whole("days", 1, MAX_DAYS), lambda: self._whole("before_days", 0, MAX_DAYS))
        return "day", length, before

    def needed_window(self) -> tuple[Unit, int, int]:
        window = self.window()
        if window is None:
            raise self.source.fault(self.node, f"`{self.name}` needs a number of days", usage(self.name))
        return window

    def _whole(self, option: str, least: int, most: int) -> int:
        node = self.options.get(option)
        match node:
            case None:
                return 0
            case ast.Constant(value=int(number)) if not isinstance(number, bool) and least <= number <= most:
                return number
        raise self.source.fault(node, f"{option}= is a whole number from {least} to {most:,}", f"such as {option}=7")


def open_call(source: Source, node: ast.Call) -> Call:
    name = dotted(node.func) or ""
    if name in CLOCKS:
        raise source.fault(node, f"`{name}` is a value and takes no brackets", f"write `{name}`")
    if name in LATER:
        raise source.fault(node.func, f"`{name}` is not available yet", KNOWN)
    if name not in FUNCTIONS:
        message = f"there is no function `{name}`" if name else "only the name of a function stands before `(`"
        raise source.fault(node.func, message, did_you_mean(name, FUNCTIONS) or KNOWN)
    _, options = both(lambda: _count_arguments(source, node, name), lambda: _options(source, node, name))
    return Call(source, name, node.args, options, node)


def _count_arguments(source: Source, node: ast.Call, name: str) -> None:
    signature = FUNCTIONS[name]
    if len(node.args) < signature.least:
        raise source.fault(node, f"`{name}` is given too little", usage(name))
    for extra in node.args[signature.most :]:
        hint = usage(name)
        match extra:
            case ast.Constant(value=int()) if "days" in signature.options:
                hint = f"write days={source.text(extra)}"
            case ast.Compare(left=ast.Name(id=option), comparators=[value]) if option in signature.options:
                hint = f"write {option}={source.text(value)}"
        raise source.fault(extra, f"`{name}` is given too much", hint)


def _options(source: Source, node: ast.Call, name: str) -> dict[str, ast.expr]:
    options: dict[str, ast.expr] = {}

    def read(keyword: ast.keyword) -> None:
        option = keyword.arg or ""
        if option in options:
            raise source.fault(keyword, f"{option}= is given twice", "keep one of them")
        if option not in FUNCTIONS[name].options:
            hint = did_you_mean(option, FUNCTIONS[name].options) or usage(name)
            raise source.fault(keyword, f"`{name}` has no option `{option}`", hint)
        options[option] = keyword.value

    each(read, node.keywords)
    return options


def _windowed(statistic: Statistic) -> Callable[[Call], Value]:
    def read(call: Call) -> Value:
        events, window = both(call.events, call.needed_window)
        return Read(Window(statistic, events, *window))

    return read


def _count(call: Call) -> Value:
    events, window = both(call.events, call.window)
    return Read(Window("count", events, *window) if window else Lifetime(events))


def _sum(call: Call) -> Value:
    (events, prop), window = both(lambda: both(call.events, lambda: call.text(1, "a property")), call.needed_window)
    return Read(Window("sum", events, *window, prop))


def _since(unit_ms: float) -> Callable[[Call], Value]:
    def read(call: Call) -> Value:
        node = call.arguments[0]
        is_trait = isinstance(node, ast.Call) or dotted(node) not in (None, "any")
        return Elapsed(_trait_time(call) if is_trait else LastSeen(call.events()), unit_ms)

    return read


def _until(call: Call) -> Value:
    match call.arguments[0]:
        case ast.Constant(value=str()) | ast.List() | ast.Name(id="any"):
            hint = "for an event write days_since; for a trait leave out the quotes"
            raise call.source.fault(call.arguments[0], "an event is never ahead", hint)
    return Elapsed(_trait_time(call), float(DAY_MS), -1)


def _trait_time(call: Call) -> TraitTime:
    node = call.arguments[0]
    if dotted(node) in CLOCKS:
        raise call.source.fault(node, f"`{dotted(node)}` is a number of days already", f"write `{dotted(node)}`")
    if isinstance(node, ast.Call):
        inner = open_call(call.source, node)
        if inner.name == "trait":
            return TraitTime(inner.text(0, "a trait"))
    elif dotted(node):
        return TraitTime(bare_trait(call.source, node))
    raise call.source.fault(node, f"`{call.name}` needs a trait that holds a time", usage(call.name))


VALUES: Mapping[str, Callable[[Call], Value]] = {
    "count": _count,
    "sum": _sum,
    "active_days": _windowed("active_days"),
    "days_since": _since(float(DAY_MS)),
    "hours_since": _since(float(HOUR_MS)),
    "days_until": _until,
    "trait": lambda call: Read(Trait(call.text(0, "a trait"))),
}


def bare_trait(source: Source, node: ast.expr) -> str:
    """The trait that a bare name reads."""
    name = dotted(node) or ""
    if mistake := mistaken(name):
        raise source.fault(node, mistake, f'for a trait of this name write trait("{name}")')
    return name


def dotted(node: ast.expr) -> str | None:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=owner, attr=name) if outer := dotted(owner):
            return f"{outer}.{name}"
    return None


def _events(source: Source, node: ast.expr) -> EventSet:
    match node:
        case ast.Name(id="any"):
            return EventSet(None)
        case ast.List(elts=[]):
            raise source.fault(node, "an empty list holds no event", 'write ["One Event", "Another"] or any')
        case ast.List(elts=names):
            return EventSet(tuple(sorted(set(each(lambda name: _text(source, name, "an event"), names)))))
        case ast.Call() if dotted(node.func) == "event":
            open_call(source, node)
    return EventSet((_text(source, node, "an event"),))


def _text(source: Source, node: ast.expr, what: str) -> str:
    """A text in quotes that names `what`, one of EXAMPLES."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        return node.value
    name = dotted(node)
    hint = f'write "{name}"' if name else f'such as "{EXAMPLES[what]}"'
    if name == "any":
        hint = "`any` stands for all activity, and alone: count(any, days=7)"
    raise source.fault(node, f"the name of {what} is a text in quotes", hint)
