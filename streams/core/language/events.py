"""Which events a function is about: a name, a list of names, `any`, or event(.., where=..).

Comes in: the first argument of a call. Goes out: the `EventSet`. `where` is read here too: its scope is the event
itself, of which it asks for properties alone.
"""

import ast
from dataclasses import dataclass

from streams.core.language.calls import Call, dotted, open_call, quoted
from streams.core.language.conditions import Conditions
from streams.core.language.faults import ExpressionFaults, both, each
from streams.core.language.lowering import lower
from streams.core.language.render import canonical
from streams.core.language.syntax import Source
from streams.core.language.values import Values
from streams.core.language.vocabulary import CLOCKS, FUNCTIONS, OF_EVENTS, usage
from streams.core.rules.nodes import Condition, EventSet, InSegment, Property, Value

OUTSIDE = "what the profile has is asked for outside of event(..)"


def read_events(source: Source, node: ast.expr) -> EventSet:
    if isinstance(node, ast.Call) and dotted(node.func) == "event":
        call = open_call(source, node, FUNCTIONS)
        names, where = both(lambda: _names(source, call.arguments[0]), lambda: _where(call))
        return EventSet(names, where)
    return EventSet(_names(source, node))


def _names(source: Source, node: ast.expr) -> tuple[str, ...] | None:
    match node:
        case ast.Name(id="any"):
            return None
        case ast.List(elts=[]):
            raise source.fault(node, "an empty list holds no event", 'write ["One Event", "Another"] or any')
        case ast.List(elts=names):
            return tuple(sorted(set(each(lambda name: quoted(source, name, "an event"), names))))
    return (quoted(source, node, "an event"),)


def _where(call: Call) -> Condition:
    node = call.options.get("where")
    if node is None:
        hint = f"{usage('event')}; without a condition the name alone says it"
        raise call.source.fault(call.node, "`event` needs where=", hint)
    return canonical(Conditions(OfEvent(call.source)).condition(node))


@dataclass(frozen=True, slots=True)
class OfEvent:
    """The scope of `where`."""

    source: Source
    example_text: str = "properties.plan"
    example_number: str = "properties.amount"

    def name(self, node: ast.expr) -> Value:
        name = dotted(node) or ""
        head, _, prop = name.partition(".")
        if head == "properties" and prop:
            return Property(prop)
        if head == "properties":
            hint = "write the property's name behind it: properties.format"
            raise self.source.fault(node, "`properties` alone is no value", hint)
        if name in CLOCKS or name in FUNCTIONS or name == "any":
            raise self.source.fault(node, f"`{name}` is no property of the event", OUTSIDE)
        hint = f"write properties.{prop if head == 'property' and prop else name}; {OUTSIDE}"
        raise self.source.fault(node, f"`{name}` is no property of the event", hint)

    def open(self, node: ast.Call) -> Call:
        name = dotted(node.func) or ""
        if name in FUNCTIONS and name not in OF_EVENTS:
            raise self._of_profile(node.func, name)
        return open_call(self.source, node, OF_EVENTS)

    def call(self, call: Call) -> Value:
        if call.name == "lower":
            return lower(call, Values(self).value)
        return Property(call.text(0, "a property"))

    def segment(self, call: Call) -> InSegment:
        raise self._of_profile(call.node, call.name)

    def _of_profile(self, node: ast.expr, name: str) -> ExpressionFaults:
        hint = 'a property is written property("..")' if name == "trait" else OUTSIDE
        return self.source.fault(node, f"`{name}` asks for the profile, where= for the event alone", hint)
