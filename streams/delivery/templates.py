"""Texts of messages, with what the change carries put in: Jinja's `{{ .. }}`, in a sandbox.

Comes in: the text of a file, and the names that its changes carry (`include`). Goes out: a `Template`, or faults with
their places; and of a template and a change's values, text.

What a template can do is what its parsed tree may hold: names that are carried, comparisons, arithmetic on numbers, a
few filters whose options are written out, `if`. There is no loop and no call, so that it ends, and in a time by its own
length; what it makes is held to a length. It runs in Jinja's ImmutableSandboxedEnvironment besides. Text is text:
nothing is markup, neither in the template nor in what is put in.

https://jinja.palletsprojects.com/en/stable/sandbox/
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, nodes
from jinja2 import Template as Compiled
from jinja2.filters import FILTERS as JINJA_FILTERS
from jinja2.runtime import Context, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.tests import TESTS as JINJA_TESTS

from streams.core.instants import parse_time
from streams.core.language.faults import ExpressionFault, ExpressionFaults, did_you_mean

LONGEST_SOURCE: Final = 4_000
OF_THE_CHANGE: Final = ("user_id", "segment", "previous", "rule")
"""What every change carries, beside the traits that it includes."""

_ALLOWED: Final = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Const),  # names are looked at before
    *(nodes.Filter, nodes.Test, nodes.CondExpr, nodes.If, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not),
    *(nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.Neg, nodes.Pos, nodes.Concat, nodes.List, nodes.Tuple),
)
_UNALLOWED: Final = {
    nodes.For: "a loop",
    nodes.Call: "a call",
    nodes.Assign: "`set`",
    nodes.Include: "another file",
    nodes.Import: "another file",
    nodes.Extends: "another file",
    nodes.Macro: "a macro",
    nodes.Pow: "`**`",
    nodes.Mod: "`%`",
    nodes.FloorDiv: "`//`",
}


class TemplateFailed(ValueError):
    """A template and these values make no text; the message says why, and bears no value."""


class _WrongKind(TypeError):
    """A value is of a kind for which there is no answer."""


class _Missing(StrictUndefined):
    @property
    def _undefined_message(self) -> str:
        return f"`{self._undefined_name}` is missing: `| default('..')` says what to write then"


def _rounded(value: float, precision: int = 0) -> float:
    return round(float(value), max(0, min(int(precision), 6)))


def _joined(values: Any, between: str = ", ") -> str:
    """Of a list; a text stays as it is, so that joining what is joined makes nothing longer."""
    return between.join(map(str, values)) if isinstance(values, list) else str(values)


def _day(value: object) -> str:
    """`14 March 2026`, in UTC."""
    ms = parse_time(value)
    if ms is None:
        raise _WrongKind("what is no time has no `date`")
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    return f"{moment.day} {moment:%B %Y}"


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    **{
        name: JINJA_FILTERS[name]
        for name in ("default", "upper", "lower", "capitalize", "title", "trim", "truncate", "int", "abs", "length")
    },
    "round": _rounded,
    "join": _joined,
    "date": _day,
}
TESTS: Final = {name: JINJA_TESTS[name] for name in ("defined", "undefined", "in", "eq", "ne", "number", "string")}


class _Sandbox(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset("*")

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """A text times a number would be a long text."""
        if isinstance(left, str | list) or isinstance(right, str | list):
            raise _WrongKind("only numbers can be multiplied")
        return left * right


def _environment(finalize: Callable[[Any], str]) -> _Sandbox:
    environment = _Sandbox(undefined=_Missing, finalize=finalize, autoescape=False, cache_size=0)
    environment.filters, environment.tests = dict(FILTERS), dict(TESTS)
    environment.globals.clear()
    return environment


def _shown(value: Any) -> str:
    match value:
        case Undefined():
            return str(value)  # raises
        case bool():
            return str(value).lower()
        case float() if value.is_integer():
            return str(int(value))
        case list():
            return _joined(list(map(_shown, value)))
        case None:
            return ""
    return str(value)


_TEXT: Final = _environment(_shown)
_IN_ADDRESS: Final = _environment(lambda value: quote(_shown(value), safe=""))


@dataclass(frozen=True)
class Template:
    """A checked text. names: what it reads of the change, dotted. longest: of what it makes, in characters."""

    source: str
    names: frozenset[str]
    compiled: Compiled | None
    longest: int

    def render(self, values: Mapping[str, Any]) -> str:
        """values: by dotted name. Raises `TemplateFailed`."""
        if self.compiled is None:
            return self.source
        try:
            text = self.compiled.render(self._nested(values))
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise TemplateFailed(_reason(error)) from error
        if len(text) > self.longest:
            raise TemplateFailed(f"it makes more than {self.longest} characters")
        return "".join(char if char.isprintable() or char == "\n" else " " for char in text)

    def _nested(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """What it reads, so that `company.name` is found step by step, under `traits` too."""
        found: dict[str, Any] = {}
        for name in self.names:
            *parents, last = name.split(".")
            place = found
            for parent in parents:
                place = place.setdefault(parent, {})
            if name in values and values[name] is not None:
                place[last] = values[name]
        return found | {"traits": found}


def _reason(error: Exception) -> str:
    if isinstance(error, TemplateError | TypeError) and "missing" in str(error):
        return str(error)
    if isinstance(error, TypeError) and str(error) in (
        "only numbers can be multiplied",
        "what is no time has no `date`",
    ):
        return str(error)
    return "it cannot be worked out of values of these kinds"


def template(source: str, carried: Collection[str] | None, longest: int, of_address: bool = False) -> Template:
    """Check and compile it. carried: the dotted names that every change it is about has; None where
    nobody can tell. of_address: what is put in is
    quoted, so that it stays one part of a path or a query. Raises `ExpressionFaults`."""
    if len(source) > LONGEST_SOURCE:
        raise ExpressionFaults([ExpressionFault(0, 1, f"this is longer than {LONGEST_SOURCE} characters")])
    if "{" not in source:
        if len(source) > longest:
            raise ExpressionFaults([ExpressionFault(0, 1, f"this is longer than {longest} characters")])
        return Template(source, frozenset(), None, longest)
    environment = _IN_ADDRESS if of_address else _TEXT
    try:
        tree = environment.parse(source)
        names = dict[str, None]()
        faults = list(_faults(source, tree, carried, names))
        if faults:
            raise ExpressionFaults(faults)
        code = environment.compile(tree)
    except TemplateSyntaxError as error:
        raise ExpressionFaults([_at_line(source, error.lineno, error.message or "this is no template")]) from error
    except (RecursionError, SyntaxError, MemoryError) as error:
        raise ExpressionFaults([ExpressionFault(0, 1, "this is nested too deeply")]) from error
    compiled = Compiled.from_code(environment, code, {})
    return Template(source, frozenset(names), compiled, longest)


def _faults(
    source: str, node: nodes.Node, carried: Collection[str] | None, names: dict[str, None]
) -> Iterator[ExpressionFault]:
    """What is wrong in a part of the tree; `names` is given those that it reads."""
    path = _path(node)
    if path is not None:
        yield from _name(source, node, path, carried, names)
        return
    if not isinstance(node, _ALLOWED):
        what = _UNALLOWED.get(type(node), "this")
        yield _at_line(source, node.lineno, f"{what} is more than a message can do", "values, filters and `if` are all")
        return
    if isinstance(node, nodes.Filter | nodes.Test):
        yield from _of_filter(source, node)
    for child in node.iter_child_nodes():
        yield from _faults(source, child, carried, names)


def _of_filter(source: str, node: nodes.Filter | nodes.Test) -> Iterator[ExpressionFault]:
    known: Collection[str] = FILTERS if isinstance(node, nodes.Filter) else TESTS
    if node.name not in known:
        hint = did_you_mean(node.name, known) or f"there are {', '.join(known)}"
        yield _at_word(source, node.lineno, node.name, f"there is no `{node.name}`", hint)
    options = [*node.args, *(option.value for option in node.kwargs)]
    if node.name not in ("default", "in", "eq", "ne") and not all(isinstance(each, nodes.Const) for each in options):
        yield _at_word(source, node.lineno, node.name, f"the options of `{node.name}` are written out, not put in")


def _path(node: nodes.Node) -> str | None:
    """The dotted name that a part of the tree reads."""
    match node:
        case nodes.Name(name=name):
            return str(name)
        case nodes.Getattr(node=of, attr=part):
            parent = _path(of)
            return None if parent is None else f"{parent}.{part}"
        case nodes.Getitem(node=of, arg=nodes.Const(value=str(part))):
            parent = _path(of)
            return None if parent is None else f"{parent}.{part}"
    return None


def _name(
    source: str, node: nodes.Node, path: str, carried: Collection[str] | None, names: dict[str, None]
) -> Iterator[ExpressionFault]:
    name = path.removeprefix("traits.")
    word = path.rpartition(".")[2]
    if carried is not None and name not in carried and name not in OF_THE_CHANGE:
        hint = did_you_mean(name, [*carried, *OF_THE_CHANGE]) or "put it into the rule's `include`"
        yield _at_word(source, node.lineno, word, f"the change does not carry `{name}`", hint)
    for other in names:
        if other != name and (other.startswith(f"{name}.") or name.startswith(f"{other}.")):
            message = f"`{min(name, other, key=len)}` cannot be read beside `{max(name, other, key=len)}`"
            yield _at_word(source, node.lineno, word, message, "one is a part of the other")
    names[name] = None


def _at_line(source: str, line: int, message: str, hint: str = "") -> ExpressionFault:
    lines = source.split("\n")
    number = min(max(line, 1), len(lines)) - 1
    start = sum(len(each) + 1 for each in lines[:number])
    return ExpressionFault(start, max(1, len(lines[number])), message, hint)


def _at_word(source: str, line: int, word: str, message: str, hint: str = "") -> ExpressionFault:
    whole = _at_line(source, line, message, hint)
    found = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)").search(source, whole.offset)
    return whole if found is None else ExpressionFault(found.start(), len(word), message, hint)
