"""The rule language: the text of a condition to a checked tree.

Comes in: an expression as written in a rule file. Goes out: its condition and the segments it asks for, or all that
is wrong with it. The stages, all of `streams.core.language`: the spelling is put right (`spelling`), Python parses it
(`syntax`), the nodes that rules may use become the tree (here; calls in `functions`), and what can never mean anything
(`kinds`) or bends over time (`linear`) is refused.
"""

import ast
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

from streams.core.features import DAY_MS, Trait
from streams.core.language.faults import ExpressionFaults, both, did_you_mean, each
from streams.core.language.functions import VALUES, bare_trait, dotted, open_call
from streams.core.language.kinds import CALLED, hint_at_quotes, kind_of, unlike
from streams.core.language.linear import bends, straightened
from streams.core.language.syntax import Source
from streams.core.language.vocabulary import CLOCKS, CONDITIONS
from streams.core.tree import (
    All,
    Always,
    Arithmetic,
    Compare,
    Comparison,
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

OPERATORS: Mapping[type[ast.operator], Literal["+", "-", "*", "/"]] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
}
COMPARISONS: Mapping[type[ast.cmpop], Comparison] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}


@dataclass(frozen=True, slots=True)
class Reference:
    """A segment that an expression asks for, and where."""

    segment: str
    offset: int
    width: int


@dataclass(frozen=True, slots=True)
class Expression:
    """A condition and the segments that it asks for."""

    condition: Condition
    references: tuple[Reference, ...]


def parse_condition(source: str) -> Condition:
    """
    >>> parse_condition("paying")
    Truth(value=Read(feature=Trait(name='paying')), text='paying')
    """
    return parse(source).condition


def parse(text: str, segments: Collection[str] | None = None) -> Expression:
    """`segments` are the names that `in_segment` may ask for; None allows any. Raises `ExpressionFaults`."""
    source = Source(text)
    reader = _Reader(source, segments)
    try:
        condition = reader.condition(source.tree)
    except ExpressionFaults as error:
        raise ExpressionFaults([*source.faults, *error.faults]) from None
    if source.faults:
        raise ExpressionFaults(source.faults)
    return Expression(condition, tuple(reader.references))


@dataclass
class _Reader:
    source: Source
    segments: Collection[str] | None
    references: list[Reference] = field(default_factory=list)

    def condition(self, node: ast.expr) -> Condition:
        match node:
            case ast.BoolOp(op=op, values=values):
                whole = All if isinstance(op, ast.And) else Some
                return whole(_joined(whole, each(self.condition, values)))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return Not(self.condition(operand))
            case ast.Compare():
                links = each(lambda i: self._link(node, i), range(len(node.ops)))
                return links[0] if len(links) == 1 else All(tuple(links))
            case ast.Constant(value=bool(value)):
                return Always(value)
            case ast.Call() if dotted(node.func) in CONDITIONS:
                return self._question(node)
        return self._truth(node)

    def value(self, node: ast.expr) -> Value:
        match node:
            case ast.Constant():
                return self._constant(node)
            case ast.Name(id=name) if name in CLOCKS:
                return Elapsed(CLOCKS[name], float(DAY_MS))
            case ast.Name() | ast.Attribute():
                return Read(Trait(bare_trait(self.source, node)))
            case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
                return self._signed(node)
            case ast.BinOp():
                left, right = each(self._number, [node.left, node.right])
                return Arithmetic(OPERATORS[type(node.op)], left, right)
            case ast.Call() if dotted(node.func) not in CONDITIONS:
                call = open_call(self.source, node)
                return VALUES[call.name](call)
            case ast.BoolOp() | ast.Compare() | ast.Call() | ast.UnaryOp():
                hint = "conditions are joined by `and`, `or` and `not`, never compared or counted"
                raise self.source.fault(node, "a condition stands where a value belongs", hint)
            case ast.List() | ast.Tuple():
                hint = 'a list of options follows `in`: plan in ["pro", "team"]'
                raise self.source.fault(node, "a list stands where one value belongs", hint)
        raise self.source.fault(node, f"`{self.source.text(node)}` is not part of the rule language")

    # conditions

    def _truth(self, node: ast.expr) -> Condition:
        value, text = self._straight(node), self.source.text(node)
        kind = kind_of(value)
        if kind == "number":
            example = f"idle_days > {text}" if isinstance(value, Constant) else f"{text} > 0"
            raise self.source.fault(node, "a number alone is no condition", f"compare it, as in `{example}`")
        if kind == "text":
            raise self.source.fault(node, "a text alone is no condition", f"compare it, as in `plan == {text}`")
        return Truth(value, text)

    def _question(self, node: ast.Call) -> Condition:
        call = open_call(self.source, node)
        argument, text = call.arguments[0], self.source.text(node)
        if call.name == "missing":
            value = self._straight(argument)
            if isinstance(value, Constant):
                raise self.source.fault(argument, "a constant is never missing", "ask for a trait: missing(plan)")
            return Missing(value, text)
        segment = call.text(0, "a segment")
        if self.segments is not None and segment not in self.segments:
            hint = did_you_mean(segment, self.segments)
            raise self.source.fault(argument, f"there is no segment `{segment}`", hint)
        self.references.append(Reference(segment, *self.source.place(argument)))
        return InSegment(segment, text)

    def _link(self, node: ast.Compare, i: int) -> Condition:
        left, right = [node.left, *node.comparators][i : i + 2]
        operator, text = node.ops[i], self.source.link(node, i)
        if isinstance(operator, ast.In | ast.NotIn):
            return self._within(left, right, isinstance(operator, ast.NotIn), text)
        if isinstance(right, ast.List):
            hint = f"write `{self.source.text(left)} in {self.source.text(right)}`"
            raise self.source.fault(right, "a list is compared by `in`", hint)
        return self._compare(COMPARISONS[type(operator)], left, right, text)

    def _compare(self, operator: Comparison, left: ast.expr, right: ast.expr, text: str) -> Condition:
        compare = Compare(operator, *both(lambda: self.value(left), lambda: self.value(right)), text)
        kinds = kind_of(compare.left), kind_of(compare.right)
        if message := unlike(*kinds):
            raise self.source.fault(right, message, hint_at_quotes(*kinds))
        if operator not in ("==", "!=") and "boolean" in kinds:
            raise self.source.fault(right, "true and false are compared by == and != only", "write `==` or `!=`")
        if bends(compare.left) or bends(compare.right):
            raise self._bent(left if bends(compare.left) else right, straightened(compare))
        return compare

    def _within(self, left: ast.expr, right: ast.expr, negated: bool, text: str) -> Condition:
        if not isinstance(right, ast.List) or not right.elts:
            found = "an empty list" if isinstance(right, ast.List) else "no list"
            raise self.source.fault(right, f"`in` needs options, this is {found}", 'such as: plan in ["pro", "team"]')
        item, options = both(lambda: self._straight(left), lambda: each(self._option, right.elts))
        kinds = kind_of(item), kind_of(options[0])
        if message := unlike(*kinds):
            raise self.source.fault(right, message, hint_at_quotes(*kinds))
        values = [option.value for option in options]
        texts = tuple(value for value in values if isinstance(value, str))
        booleans = tuple(value for value in values if isinstance(value, bool))
        numbers = tuple(value for value in values if isinstance(value, float))
        same = texts or booleans or numbers
        if len(same) != len(values):
            raise self.source.fault(right, "the options are of different kinds", "write all in quotes, or none")
        return Within(item, same, negated, text)

    def _option(self, node: ast.expr) -> Constant:
        value = self.value(node)
        if isinstance(value, Constant):
            return value
        text = self.source.text(node)
        hint = f'write "{text}"' if dotted(node) else ""
        raise self.source.fault(node, "an option is a number or a text in quotes", hint)

    # values

    def _straight(self, node: ast.expr) -> Value:
        value = self.value(node)
        if bends(value):
            raise self._bent(node, "")
        return value

    def _bent(self, node: ast.expr, instead: str) -> ExpressionFaults:
        message = "this does not change evenly with time, so nobody could tell ahead when it flips"
        hint = f"write `{instead}`" if instead else "multiply and divide a time only by what time does not move"
        return self.source.fault(node, message, hint)

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
        value = self._number(node.operand)
        minus = isinstance(node.op, ast.USub)
        if isinstance(value, Constant) and isinstance(value.value, float):
            return Constant(0.0 - value.value) if minus else value
        return Arithmetic("-" if minus else "+", Constant(0.0), value)

    def _number(self, node: ast.expr) -> Value:
        value = self.value(node)
        kind = kind_of(value)
        if kind is not None and kind != "number":
            raise self.source.fault(
                node, f"arithmetic needs numbers, this is {CALLED[kind]}", hint_at_quotes("number", kind)
            )
        return value


def _joined(whole: type[All | Some], parts: list[Condition]) -> tuple[Condition, ...]:
    """Brackets around parts of the same sort mean nothing: `a and (b and c)` is `a and b and c`."""
    return tuple(inner for part in parts for inner in (part.parts if isinstance(part, whole) else (part,)))
