"""The names that an expression reads from what others send: of events, of their properties, of traits.

Comes in: the text of an expression that has been checked. Goes out: each name with its place in the text, so that it
can be held against what was really sent.
"""

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from streams.core.language.calls import dotted
from streams.core.language.syntax import Source
from streams.core.language.vocabulary import CLOCKS, OF_EVENTS
from streams.core.rules.statistics import STATISTICS

Kind = Literal["event", "property", "trait"]

OF_A_PROPERTY = frozenset(["avg", "latest", *(name for name, each in STATISTICS.items() if each.of_property)])
OF_NO_EVENT = frozenset(["trait", "property", *OF_EVENTS, "in_segment"])


@dataclass(frozen=True, slots=True)
class Name:
    """`offset` counts characters from the start of the expression. A property is one of `events`, or of any (None)."""

    kind: Kind
    text: str
    offset: int
    width: int
    events: tuple[str, ...] | None = None


def names(text: str, scores: Collection[str] = ()) -> list[Name]:
    """From left to right. `scores` are the names of scores rules, whose parts are no traits.

    >>> [(name.kind, name.text) for name in names('latest("Plan Chosen", "plan") == plan')]
    [('event', 'Plan Chosen'), ('property', 'plan'), ('trait', 'plan')]
    """
    source = Source(text)
    return list(_Walk(source, scores).value(source.tree))


@dataclass(frozen=True)
class _Walk:
    source: Source
    scores: Collection[str]
    events: tuple[str, ...] | None = None  # those of the `where` that is being read

    def value(self, node: ast.AST) -> Iterator[Name]:
        match node:
            case ast.Call():
                yield from self._call(node)
            case ast.Name() | ast.Attribute():
                yield from self._bare(node, dotted(node) or "")
            case _:
                for child in ast.iter_child_nodes(node):
                    yield from self.value(child)

    def _bare(self, node: ast.expr, name: str) -> Iterator[Name]:
        head, _, part = name.partition(".")
        if head == "properties":
            yield self._name("property", part, node)
        elif name not in CLOCKS and head not in self.scores:
            yield self._name("trait", name, node)

    def _call(self, node: ast.Call) -> Iterator[Name]:
        function = dotted(node.func)
        match function, node.args:
            case "trait" | "property" as kind, [argument]:
                yield from self._quoted(kind, argument)
            case _, [first, *rest] if function not in OF_NO_EVENT and _is_event_set(first):
                yield from self._of_events(first)
                inside = replace(self, events=_event_names(first))
                for prop in rest if function in OF_A_PROPERTY else ():
                    yield from inside._quoted("property", prop)
                for option in node.keywords:
                    yield from inside.value(option.value)
            case _, arguments:
                for argument in arguments:
                    yield from self.value(argument)

    def _of_events(self, node: ast.expr) -> Iterator[Name]:
        match node:
            case ast.List(elts=items):
                for item in items:
                    yield from self._quoted("event", item)
            case ast.Call():
                yield from self._call(node)
            case _:
                yield from self._quoted("event", node)

    def _quoted(self, kind: Kind, node: ast.expr) -> Iterator[Name]:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield self._name(kind, node.value, node)

    def _name(self, kind: Kind, text: str, node: ast.expr) -> Name:
        offset, width = self.source.place(node)
        return Name(kind, text, offset, width, self.events if kind == "property" else None)


def _is_event_set(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=str()) | ast.List() | ast.Name(id="any"):
            return True
        case ast.Call():
            return dotted(node.func) == "event"
    return False


def _event_names(node: ast.expr) -> tuple[str, ...] | None:
    """The names of an event set; None for `any`."""
    match node:
        case ast.Constant(value=str(text)):
            return (text,)
        case ast.List(elts=items):
            return tuple(item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str))
        case ast.Call(args=[first, *_]):
            return _event_names(first)
    return None
