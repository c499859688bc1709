"""Scores in expressions: `rfm.r`, `rfm.f`, `rfm.m`, `rfm.score`, `rfm.name`, with `rfm` the name of the scores' file.

Comes in: dotted names, and comparisons with scores. Goes out: the score, or what can never hold of it.
"""

import ast
import re
from collections.abc import Collection

from streams.core.language.calls import dotted
from streams.core.language.faults import ExpressionFaults, nearest
from streams.core.language.syntax import Source
from streams.core.language.vocabulary import SCORES
from streams.core.rules.nodes import Constant, Score, Value
from streams.core.rules.rfm import NAMES

DIGITS = re.compile("[1-5]{3}")


def read_score(source: Source, node: ast.expr, known: Collection[str]) -> Score | None:
    """The score that a name reads; None if the name is not of the scores that are known."""
    name = dotted(node) or ""
    head, _, part = name.partition(".")
    if head not in known:
        meant = nearest(head, known) if part in SCORES else ""
        if meant:
            hint = f'did you mean `{meant}.{part}`? A trait of this name is written trait("{name}")'
            raise source.fault(node, f"there are no scores `{head}`", hint)
        return None
    match part:
        case "r" | "f" | "m" | "score" | "name":
            return Score(head, part)
    raise _no_part(source, node, head, part)


def _no_part(source: Source, node: ast.expr, head: str, part: str) -> ExpressionFaults:
    message = (
        f"the scores `{head}` have no part `{part}`" if part else f"`{head}` has five scores and is no value itself"
    )
    *parts, last = (f"{head}.{part}" for part in SCORES)
    return source.fault(node, message, f"write {', '.join(parts)} or {last}")


def impossible(value: Value, other: Value) -> tuple[str, str] | None:
    """Why a score is never what it is compared with, and what it can be; None if it can be that."""
    match value, other:
        case Score(part="name"), Constant(str(text)) if text not in NAMES:
            meant = nearest(text, NAMES)
            hint = f"did you mean `{meant}`?" if meant else f"there are {', '.join(NAMES)}"
            return f"no segment of the R x F grid is called `{text}`", hint
        case Score(rule, "score"), Constant(str(text)) if not DIGITS.fullmatch(text):
            hint = f'such as {rule}.score == "{_clamped(text)}"; or compare {rule}.r, {rule}.f and {rule}.m as numbers'
            return f"`{text}` is not three digits from 1 to 5", hint
    return None


def example_of(score: Score) -> str:
    """A comparison of it."""
    return SCORES[score.part].example.replace("rfm", score.rule, 1)


def _clamped(text: str) -> str:
    """The nearest score."""
    if not re.fullmatch("[0-9]{3}", text):
        return "543"
    return "".join(min(max(digit, "1"), "5") for digit in text)


def hint_at_scores(left: Value, right: Value) -> str:
    """What to write instead of a comparison of scores with a number."""
    for value in (left, right):
        if isinstance(value, Score) and value.part == "score":
            return f'the digits are a text: "543"; as numbers compare {value.rule}.r, {value.rule}.f and {value.rule}.m'
        if isinstance(value, Score) and value.part == "name":
            return f'such as {value.rule}.name == "champions"; as numbers compare {value.rule}.r and {value.rule}.f'
    return ""
