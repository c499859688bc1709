"""Calls: which function is called, and what is written between its brackets.

Comes in: a call in Python's syntax tree. Goes out: a `Call` whose function is known where it stands, with as many
arguments as that takes and with options that it has, or what is wrong with it.
"""

import ast
from collections.abc import Collection
from dataclasses import dataclass

from streams.core.language.faults import both, each, nearest
from streams.core.language.syntax import Source
from streams.core.language.vocabulary import CLOCKS, FUNCTIONS, OPTIONS, SYNONYMS, usage
from streams.core.rules.nodes import Unit

MAX_DAYS = 3_660  # ten years
MAX_HOURS = 24 * 366
EXAMPLES = {"an event": "Signed In", "a property": "amount", "a trait": "plan", "a segment": "churn-risk"}


@dataclass(frozen=True, slots=True)
class Call:
    source: Source
    name: str
    arguments: list[ast.expr]
    options: dict[str, ast.expr]
    node: ast.Call

    def text(self, i: int, what: str) -> str:
        return quoted(self.source, self.arguments[i], what)

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
            units = " or ".join(option for option in ("days", "hours") if option in FUNCTIONS[self.name].options)
            raise self.source.fault(self.node, f"`{self.name}` needs a number of {units}", usage(self.name))
        return window

    def _whole(self, option: str, least: int, most: int) -> int:
        node = self.options.get(option)
        match node:
            case None:
                return 0
            case ast.Constant(value=int(number)) if not isinstance(number, bool) and least <= number <= most:
                return number
        raise self.source.fault(node, f"{option}= is a whole number from {least} to {most:,}", f"such as {option}=7")


def open_call(source: Source, node: ast.Call, known: Collection[str]) -> Call:
    """`known` are the functions that can be called where it stands."""
    name = dotted(node.func) or ""
    if name in CLOCKS:
        raise source.fault(node, f"`{name}` is a value and takes no brackets", f"write `{name}`")
    if name not in FUNCTIONS:
        message = f"there is no function `{name}`" if name else "only the name of a function stands before `(`"
        raise source.fault(node.func, message, _as_function(source, node, known) or _meant(name, known))
    _, options = both(lambda: _count_arguments(source, node, name), lambda: _options(source, node, name))
    return Call(source, name, node.args, options, node)


def _as_function(source: Source, node: ast.Call, known: Collection[str]) -> str:
    """How a method of other languages is written here: `plan.lower()` is lower(plan)."""
    match node.func:
        case ast.Attribute(value=owner, attr=method) if SYNONYMS.get(method, method) in known and dotted(owner):
            arguments = ", ".join([source.text(owner), *map(source.text, node.args)])
            return f"write {SYNONYMS.get(method, method)}({arguments})"
    return ""


def _meant(name: str, known: Collection[str]) -> str:
    words = [*known, *(word for word, meant in SYNONYMS.items() if meant in known)]
    found = nearest(name, words)
    return f"did you mean `{SYNONYMS.get(found, found)}`?" if found else f"the functions are {', '.join(known)}"


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
            case _ if name == "event":
                hint = f"write where={source.text(extra)}"
        raise source.fault(extra, f"`{name}` is given too much", hint)


def _options(source: Source, node: ast.Call, name: str) -> dict[str, ast.expr]:
    options: dict[str, ast.expr] = {}

    def read(keyword: ast.keyword) -> None:
        option = keyword.arg or ""
        if option in options:
            raise source.fault(keyword, f"{option}= is given twice", "keep one of them")
        if option not in FUNCTIONS[name].options:
            raise source.fault(keyword, f"`{name}` has no option `{option}`", _option_meant(name, option))
        options[option] = keyword.value

    each(read, node.keywords)
    return options


def _option_meant(name: str, option: str) -> str:
    own = FUNCTIONS[name].options
    meant = option if option in OPTIONS else nearest(option, [*own, "where"])
    if meant in own:
        return f"did you mean `{meant}`?"
    if meant == "where":
        return f"where= belongs into event(..): {FUNCTIONS['event'].usage}"
    if meant and name == "event":
        return f"it stands behind event(..), as in count(event(..), {meant}=7)"
    if meant == "before_days":
        *takers, last = (function for function, signature in FUNCTIONS.items() if meant in signature.options)
        return f"before_days= goes with {', '.join(takers)} and {last}"
    return usage(name)


def dotted(node: ast.expr) -> str | None:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=owner, attr=name) if outer := dotted(owner):
            return f"{outer}.{name}"
    return None


def quoted(source: Source, node: ast.expr, what: str) -> str:
    """A text in quotes that names `what`, one of EXAMPLES."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        return node.value
    name = dotted(node)
    hint = f'such as "{EXAMPLES[what]}"'
    if name == "any":
        hint = "`any` stands for all activity, and alone: count(any, days=7)"
    elif name:
        hint = f'write "{name.removeprefix("properties.") if what == "a property" else name}"'
    raise source.fault(node, f"the name of {what} is a text in quotes", hint)
