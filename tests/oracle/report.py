"""What a change says: its type, its segment, its reasons (docs/semantics.md#changes).

Comes in: a rule and the profile's views before and at the instant. Goes out: what the engine is expected to report.
"""

from collections.abc import Mapping
from typing import NamedTuple

from streams.core.events import Value
from streams.core.rules.nodes import Compare, Constant, InSegment, Leaf
from streams.core.rules.rulebook import Grouping, Tier
from tests.oracle.view import View
from tests.oracle.walk import operands, rule_leaves


class Reason(NamedTuple):
    condition: str
    value: Value
    was: bool
    now: bool


class Expected(NamedTuple):
    """One change that the engine owes. `segment` and `previous` of a tier are as `lifecycle/power`."""

    subject: str
    rule: str
    type: str
    segment: str
    previous: str | None
    occurred_at: int
    cause: str
    event_id: str | None
    ordinal: int
    because: tuple[Reason, ...]
    segments: tuple[str, ...]
    traits: Mapping[str, Value]


def flip(rule: Grouping, before: str | None, after: str | None) -> tuple[str, str, str | None]:
    """Type, segment and previous segment of a change."""
    if isinstance(rule, Tier):
        assert after is not None or rule.among is not None, "the level of a tier of all is only exchanged"
        return ("segment.exited", str(before), None) if after is None else ("segment.changed", after, before)
    return ("segment.entered" if after else "segment.exited"), rule.name, None


def because(rule: Grouping, before: View, after: View) -> tuple[Reason, ...]:
    """Every leaf, of `enter` and then of `exit`, or of the levels in order, equal texts once; what flipped first."""
    leaves = {leaf.text: leaf for leaf in rule_leaves(rule)}
    reasons = [
        Reason(text, shown(after, leaf), truth_before(before, leaf), after.holds(leaf)) for text, leaf in leaves.items()
    ]
    return tuple(sorted(reasons, key=lambda reason: reason.was == reason.now))


def truth_before(before: View, leaf: Leaf) -> bool:
    """Before its first event a profile says no to everything."""
    if isinstance(leaf, InSegment):
        return before.was_in(leaf.segment) is not None
    return bool(before.accepted) and before.holds(leaf)


def shown(view: View, leaf: Leaf) -> Value:
    match leaf:
        case InSegment(segment):
            return view.member(segment)
        case Compare(_, Constant(), right):
            return view.value(right)
        case _:
            return view.value(operands(leaf)[0])
