"""Conditions: comparisons, questions, and what joins them.

Comes in: nodes of Python's syntax tree, and the scope that says what names and functions mean in it. Goes out:
conditions of the checked tree, or what is wrong with them: all at once.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from streams.core.language.calls import Call, dotted
from streams.core.language.faults import both, each
from streams.core.language.kinds import hint_at_quotes, kind_of, too_large, unlike
from streams.core.language.linear import bends, straightened
from streams.core.language.scores import example_of, hint_at_scores, impossible
from streams.core.language.syntax import Source
from streams.core.language.values import Scope, Values
from streams.core.language.vocabulary import CONDITIONS, usage
from streams.core.rules.nodes import (
    All,
    Always,
    Compare,
    Comparison,
    Condition,
    Constant,
    Has,
    How,
    Latest,
    Lowered,
    Missing,
    Not,
    Property,
    Read,
    Score,
    Some,
    Trait,
    Truth,
    Value,
    Within,
)

COMPARISONS: Mapping[type[ast.cmpop], Comparison] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}


@dataclass(frozen=True, slots=True)
class Conditions:
    scope: Scope

    @property
    def source(self) -> Source:
        return self.scope.source

    @property
    def values(self) -> Values:
        return Values(self.scope)

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
                return self._question(self.scope.open(node))
        return self._truth(node)

    def _truth(self, node: ast.expr) -> Condition:
        value, text = self.values.straight(node), self.source.text(node)
        kind = kind_of(value)
        if kind in ("number", "text"):
            hint = f"compare it, as in `{self._compared(value, text)}`"
            raise self.source.fault(node, f"a {kind} alone is no condition", hint)
        return Truth(value, text)

    def _compared(self, value: Value, text: str) -> str:
        match value:
            case Constant(str()):
                return f"{self.scope.example_text} == {text}"
            case Constant():
                return f"{self.scope.example_number} > {text}"
            case Score():
                return example_of(value)
        return f"{text} > 0"

    def _question(self, call: Call) -> Condition:
        match call.name:
            case "missing":
                return self._missing(call)
            case "has":
                return self._has(call)
            case "contains" | "starts_with" | "ends_with" as how:
                return self._contains(call, how)
        return self.scope.segment(call)

    def _missing(self, call: Call) -> Missing:
        value = self.values.straight(call.arguments[0])
        if isinstance(value, Constant):
            hint = f"such as missing({self.scope.example_text})"
            raise self.source.fault(call.arguments[0], "a constant is never missing", hint)
        return Missing(value, self.source.text(call.node))

    def _has(self, call: Call) -> Has:
        holder, wanted = call.arguments
        if isinstance(wanted, ast.List):
            hint = 'ask for each: has(tags, "vip") or has(tags, "beta")'
            raise self.source.fault(wanted, "has(..) looks for one value", hint)
        value, constant = each(self.values.value, [holder, wanted])
        match value:
            case Read(Trait() | Latest()) | Property():
                pass
            case Constant():
                raise self.source.fault(holder, "the list comes first, then the value it may hold", usage("has"))
            case _:
                hint = "compare it by `==`; has(..) looks into traits, latest(..) and properties"
                raise self.source.fault(holder, f"`{self.source.text(holder)}` is never a list", hint)
        return Has(value, self._constant(wanted, constant, "the value to look for").value, self.source.text(call.node))

    def _contains(self, call: Call, how: How) -> Has:
        holder, wanted = call.arguments
        value, sought = each(self.values.value, [holder, wanted])
        match value:
            case Read(Trait() | Latest() | Lowered()) | Property():
                pass
            case Constant():
                raise self.source.fault(holder, "the value comes first, then the text to look for", usage(how))
            case _:
                hint = f"{how}(..) looks into traits, latest(..) and properties"
                raise self.source.fault(holder, f"`{self.source.text(holder)}` is no text to look into", hint)
        text = self._constant(wanted, sought, "the text to look for").value
        if not isinstance(text, str) or not text:
            raise self.source.fault(wanted, f"{how}(..) looks for a text in quotes, of a letter at least", usage(how))
        if fault := too_large(value, text):
            raise self.source.fault(wanted, *fault)
        return Has(value, text, self.source.text(call.node), how)

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
        read = self.values.value
        compare = Compare(operator, *both(lambda: read(left), lambda: read(right)), text)
        self._check_kinds(compare.left, compare.right, right)
        if operator not in ("==", "!=") and "boolean" in (kind_of(compare.left), kind_of(compare.right)):
            raise self.source.fault(right, "true and false are compared by == and != only", "write `==` or `!=`")
        if bends(compare.left) or bends(compare.right):
            raise self.values.bent(left if bends(compare.left) else right, straightened(compare))
        for value, other, node in ((compare.left, compare.right, right), (compare.right, compare.left, left)):
            self._check_possible(value, other, node)
        return compare

    def _within(self, left: ast.expr, right: ast.expr, negated: bool, text: str) -> Condition:
        if not isinstance(right, ast.List) or not right.elts:
            found = "an empty list" if isinstance(right, ast.List) else "no list"
            hint = f'such as: {self.scope.example_text} in ["pro", "team"]'
            raise self.source.fault(right, f"`in` needs options, this is {found}", hint)
        item, options = both(lambda: self.values.straight(left), lambda: each(self._option, right.elts))
        self._check_kinds(item, options[0], right)
        values = [option.value for option in options]
        texts = tuple(value for value in values if isinstance(value, str))
        booleans = tuple(value for value in values if isinstance(value, bool))
        numbers = tuple(value for value in values if isinstance(value, float))
        same = texts or booleans or numbers
        if len(same) != len(values):
            raise self.source.fault(right, "the options are of different kinds", "write all in quotes, or none")
        each(lambda i: self._check_possible(item, options[i], right.elts[i]), range(len(options)))
        return Within(item, same, negated, text)

    def _option(self, node: ast.expr) -> Constant:
        return self._constant(node, self.values.value(node), "an option")

    def _constant(self, node: ast.expr, value: Value, what: str) -> Constant:
        if isinstance(value, Constant):
            return value
        hint = f'write "{self.source.text(node)}"' if dotted(node) else ""
        raise self.source.fault(node, f"{what} is a number or a text in quotes", hint)

    def _check_kinds(self, left: Value, right: Value, node: ast.expr) -> None:
        kinds = kind_of(left), kind_of(right)
        if message := unlike(*kinds):
            raise self.source.fault(node, message, hint_at_scores(left, right) or hint_at_quotes(*kinds))

    def _check_possible(self, value: Value, other: Value, node: ast.expr) -> None:
        small = too_large(value, other.value) if isinstance(other, Constant) else None
        if fault := impossible(value, other) or small:
            raise self.source.fault(node, *fault)


def _joined(whole: type[All | Some], parts: list[Condition]) -> tuple[Condition, ...]:
    """Brackets around parts of the same sort mean nothing: `a and (b and c)` is `a and b and c`."""
    return tuple(inner for part in parts for inner in (part.parts if isinstance(part, whole) else (part,)))
