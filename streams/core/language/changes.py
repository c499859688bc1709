"""What is asked of a change: a condition on what it carries, and on nothing else.

Comes in: the text of an expression, and the names that the change carries. Goes out: its condition, whose values are
those of the change by name (`Property`), as `where` reads those of an event.
"""

import ast
from collections.abc import Collection
from dataclasses import dataclass

from streams.core.language.calls import Call, dotted, open_call
from streams.core.language.conditions import Conditions
from streams.core.language.faults import ExpressionFaults, did_you_mean
from streams.core.language.lowering import lower
from streams.core.language.syntax import Source
from streams.core.language.values import Values
from streams.core.language.vocabulary import CLOCKS, FUNCTIONS
from streams.core.rules.nodes import Condition, InSegment, Property, Value

OF_CHANGES = ("trait", "lower", "has", "contains", "starts_with", "ends_with", "missing")
LATER = "what the profile has is asked for in the rule; its `include` carries it here"


@dataclass(frozen=True, slots=True)
class OfChange:
    """The scope. carried: None where nobody can tell what the change carries."""

    source: Source
    carried: Collection[str] | None
    example_text: str = "plan"
    example_number: str = "mrr"

    def name(self, node: ast.expr) -> Value:
        name = dotted(node) or ""
        if name in CLOCKS and name not in (self.carried or ()):
            raise self.source.fault(node, f"`{name}` asks for the profile", LATER)
        return self._carried(node, name.removeprefix("traits."))

    def open(self, node: ast.Call) -> Call:
        name = dotted(node.func) or ""
        if name in FUNCTIONS and name not in OF_CHANGES:
            raise self.source.fault(node.func, f"`{name}` asks for the profile", LATER)
        return open_call(self.source, node, {known: FUNCTIONS[known] for known in OF_CHANGES})

    def call(self, call: Call) -> Value:
        if call.name == "lower":
            return lower(call, Values(self).value)
        return self._carried(call.arguments[0], call.text(0, "a trait"))

    def segment(self, call: Call) -> InSegment:
        raise self.source.fault(call.node, f"`{call.name}` asks for the profile", LATER)

    def _carried(self, node: ast.expr, name: str) -> Value:
        if self.carried is not None and name not in self.carried:
            hint = did_you_mean(name, self.carried) or "put it into the rule's `include`"
            raise self.source.fault(node, f"the change does not carry `{name}`", hint)
        return Property(name)


def parse_of_change(text: str, carried: Collection[str] | None) -> Condition:
    """Raises `ExpressionFaults`.

    >>> parse_of_change("plan == 'pro'", ["plan"]).left
    Property(name='plan', lowered=False)
    """
    source = Source(text)
    condition = Conditions(OfChange(source, carried)).condition(source.tree)
    if source.faults:
        raise ExpressionFaults(source.faults)
    return condition
