"""Which kind a value has, as far as the rule alone tells.

Comes in: values of the checked tree. Goes out: their kind, or why a comparison can never mean anything. The kind of a
trait or of an event's property shows only in the data: it is None here.
"""

from collections.abc import Mapping
from typing import Literal

from streams.core.rules.nodes import Constant, Latest, Lowered, Property, Read, Score, Trait, Value

Kind = Literal["number", "text", "boolean"]
CALLED: Mapping[Kind, str] = {"number": "a number", "text": "a text", "boolean": "true or false"}


def kind_of(value: Value) -> Kind | None:
    match value:
        case Constant(bool()):
            return "boolean"
        case Constant(str()) | Score(part="score" | "name") | Read(Lowered()) | Property(lowered=True):
            return "text"
        case Read(Trait() | Latest()) | Property():
            return None
    return "number"


def unlike(left: Kind | None, right: Kind | None) -> str:
    """Why a comparison of the two never holds, or an empty string."""
    if left is None or right is None or left == right:
        return ""
    return f"{CALLED[left]} is compared with {CALLED[right]}: that never holds"


def hint_at_quotes(left: Kind | None, right: Kind | None) -> str:
    return "quotes make a text of a number" if {left, right} == {"number", "text"} else ""


def too_large(value: Value, text: object) -> tuple[str, str] | None:
    """Why a text in small letters never is, or has, this one, and what to write; None where it may."""
    match value:
        case Read(Lowered()) | Property(lowered=True) if isinstance(text, str) and text != text.lower():
            return "lower(..) has small letters only: that never holds", f'write "{text.lower()}"'
    return None
