"""The text of an expression beside Python's syntax tree of it.

Comes in: the text. Goes out: a `Source`, which knows where each node of the tree stands in the text.
Python parses, nothing is executed; `streams.core.language.parser` picks the nodes that rules may use.
"""

import ast

from streams.core.language.faults import ExpressionFault, ExpressionFaults
from streams.core.language.spelling import Spelling, spell

MAX_DEPTH = 60
TOO_DEEP = ExpressionFault(0, 1, "the expression is nested too deeply", "split it into segments")


class Source:
    """An expression and its tree. Raises `ExpressionFaults` if it cannot be read."""

    def __init__(self, text: str):
        self._text = text
        self._spelling = spell(text)
        self._wrapped = f"({self._spelling.text})".encode(errors="replace")
        self.tree = self._parse()

    @property
    def faults(self) -> list[ExpressionFault]:
        """What was wrong with the spelling but could be read."""
        return self._spelling.faults

    def text(self, node: ast.expr) -> str:
        """The node's own text, with runs of white space made one blank."""
        return self._between(*self._span(node))

    def link(self, node: ast.Compare, i: int) -> str:
        """The text of the i-th comparison of a chain: `b < c` of `a < b < c`."""
        operands = [node.left, *node.comparators]
        start, end = self._span(node)
        if i > 0:
            start, _ = self._with_brackets(operands[i])
        if i + 2 < len(operands):
            _, end = self._with_brackets(operands[i + 1])
        return self._between(start, end)

    def fault(self, node: ast.expr | ast.keyword, message: str, hint: str = "") -> ExpressionFaults:
        start, end = self._span(node)
        return ExpressionFaults([ExpressionFault(start, end - start, message, hint)])

    def place(self, node: ast.expr) -> tuple[int, int]:
        """Offset and width."""
        start, end = self._span(node)
        return start, end - start

    def _span(self, node: ast.expr | ast.keyword) -> tuple[int, int]:
        start = self._origin(node.col_offset)
        return start, self._origin((node.end_col_offset or 0) - 1) + 1

    def _origin(self, column: int) -> int:
        """Where the byte of the wrapped text stands in the source, in characters."""
        return self._spelling.origin[len(self._wrapped[1:column].decode(errors="ignore"))]

    def _between(self, start: int, end: int) -> str:
        return " ".join(self._text[start:end].split())

    def _with_brackets(self, node: ast.expr) -> tuple[int, int]:
        start, end = self._span(node)
        while (before := self._text[:start].rstrip()).endswith("("):
            start = len(before) - 1
            end = self._text.index(")", end) + 1
        return start, end

    def _parse(self) -> ast.expr:
        if not self._spelling.readable:
            raise ExpressionFaults(self._spelling.faults)
        try:
            tree = ast.parse(self._wrapped, mode="eval").body
        except SyntaxError as error:
            raise ExpressionFaults(self._spelling.faults or [_syntax_fault(self._spelling, error)]) from error
        except (RecursionError, MemoryError) as error:  # MemoryError is how the parser says that its stack is full
            raise ExpressionFaults([TOO_DEEP]) from error
        if _is_deep(tree):
            raise ExpressionFaults([TOO_DEEP])
        return tree


def _syntax_fault(spelling: Spelling, error: SyntaxError) -> ExpressionFault:
    at = (error.offset or 1) - 2  # counted from 1, and from the bracket that was put before the text
    if at >= len(spelling.text):
        last = spelling.origin[-1]
        return ExpressionFault(last, 1, "the expression ends too early", "something is missing behind this")
    if "forgot a comma" in (error.msg or ""):
        width = (error.end_offset or 0) - (error.offset or 0)
        return ExpressionFault(spelling.origin[at], max(1, width), "something is missing here", "such as `and` or `or`")
    if "positional argument follows keyword argument" in (error.msg or ""):
        return ExpressionFault(spelling.origin[at], 1, "options come last", 'write them so: count("Name", days=7)')
    word = spelling.text[at:].split(maxsplit=1)[0]
    width = next((i for i, char in enumerate(word) if not char.isalnum()), len(word)) or 1
    message = f"`{word[:width]}` cannot stand here"
    return ExpressionFault(spelling.origin[at], width, message, "is something missing before it?")


def _is_deep(tree: ast.expr) -> bool:
    level: list[ast.AST] = [tree]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    return bool(level)
