"""Values: constants, arithmetic, and what a scope has names and functions for.

Comes in: nodes of Python's syntax tree. Goes out: values of the checked tree, or what is wrong with them.
A *scope* is what can be asked for: the profile (`profile`) or, inside `where`, the event itself (`events`).
"""

import ast
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from streams.core.language.calls import Call, dotted
from streams.core.language.faults import ExpressionFaults, each
from streams.core.language.kinds import CALLED, hint_at_quotes, kind_of
from streams.core.language.linear import bends
from streams.core.language.syntax import Source
from streams.core.language.vocabulary import CONDITIONS
from streams.core.rules.nodes import Arithmetic, Constant, InSegment, Value

OPERATORS: Mapping[type[ast.operator], Literal["+", "-", "*", "/"]] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
}


class Scope(Protocol):
    """What names and functions mean; the examples are values of that kind, for hints."""

    @property
    def source(self) -> Source: ...

    @property
    def example_text(self) -> str: ...

    @property
    def example_number(self) -> str: ...

    def name(self, node: ast.expr) -> Value: ...

    def open(self, node: ast.Call) -> Call: ...

    def call(self, call: Call) -> Value: ...

    def segment(self, call: Call) -> InSegment: ...


@dataclass(frozen=True, slots=True)
class Values:
    scope: Scope

    @property
    def source(self) -> Source:
        return self.scope.source

    def value(self, node: ast.expr) -> Value:
        match node:
            case ast.Constant():
                return self._constant(node)
            case ast.Name() | ast.Attribute() if dotted(node):
                return self.scope.name(node)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
                return self._signed(node)
            case ast.BinOp():
                left, right = each(self._operand, [node.left, node.right])
                return Arithmetic(OPERATORS[type(node.op)], left, right)
            case ast.Call() if dotted(node.func) not in CONDITIONS:
                return self.scope.call(self.scope.open(node))
            case ast.BoolOp() | ast.Compare() | ast.Call() | ast.UnaryOp():
                hint = "conditions are joined by `and`, `or` and `not`, never compared or counted"
                raise self.source.fault(node, "a condition stands where a value belongs", hint)
            case ast.List() | ast.Tuple():
                hint = f'a list of options follows `in`: {self.scope.example_text} in ["pro", "team"]'
                raise self.source.fault(node, "a list stands where one value belongs", hint)
        raise self.source.fault(node, f"`{self.source.text(node)}` is not part of the rule language")

    def straight(self, node: ast.expr) -> Value:
        """A value that time moves evenly if at all."""
        value = self.value(node)
        if bends(value):
            raise self.bent(node, "")
        return value

    def number(self, node: ast.expr, needed_by: str) -> Value:
        """A value that is a number as far as the rule tells."""
        value = self.value(node)
        kind = kind_of(value)
        if kind is not None and kind != "number":
            message = f"{needed_by}, this is {CALLED[kind]}"
            raise self.source.fault(node, message, hint_at_quotes("number", kind))
        return value

    def bent(self, node: ast.expr, instead: str) -> ExpressionFaults:
        message = "this does not change evenly with time, so nobody could tell ahead when it flips"
        hint = f"write `{instead}`" if instead else "multiply and divide a time only by what time does not move"
        return self.source.fault(node, message, hint)

    def _operand(self, node: ast.expr) -> Value:
        return self.number(node, "arithmetic needs numbers")

    def _constant(self, node: ast.Constant) -> Constant:
        match node.value:
            case bool(value) | str(value):
                return Constant(value)
            case int(number) if abs(number) < 10**308:
                return Constant(float(number))
            case float(number) if math.isfinite(number):
                return Constant(number)
        raise self.source.fault(node, "the number is too big", "numbers go up to 1e308")

    def _signed(self, node: ast.UnaryOp) -> Value:
        value = self._operand(node.operand)
        minus = isinstance(node.op, ast.USub)
        if isinstance(value, Constant) and isinstance(value.value, float):
            return Constant(0.0 - value.value) if minus else value
        return Arithmetic("-" if minus else "+", Constant(0.0), value)
