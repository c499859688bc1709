"""The words of the rule language: its functions, how each is written, and which names are traits.

Comes in: nothing. Goes out: tables that the parser and the command line's help read.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from streams.core.features import FirstSeen, IdleSince, Instant
from streams.core.language.faults import nearest
from streams.core.language.spelling import is_plain_name


@dataclass(frozen=True, slots=True)
class Signature:
    """`usage` shows how the function is written; `least` to `most` arguments come before the options."""

    usage: str
    least: int
    most: int
    options: tuple[str, ...] = ()


FUNCTIONS: Mapping[str, Signature] = {
    "count": Signature('count("Event Name", days=30)', 1, 1, ("days", "hours", "before_days")),
    "sum": Signature('sum("Event Name", "property", days=30)', 2, 2, ("days", "hours", "before_days")),
    "active_days": Signature("active_days(days=30)", 0, 1, ("days", "before_days")),
    "days_since": Signature('days_since("Event Name")', 1, 1),
    "hours_since": Signature('hours_since("Event Name")', 1, 1),
    "days_until": Signature("days_until(trial_ends_at)", 1, 1),
    "trait": Signature('trait("odd name")', 1, 1),
    "missing": Signature("missing(plan)", 1, 1),
    "in_segment": Signature('in_segment("churn-risk")', 1, 1),
}
CONDITIONS = frozenset(["missing", "in_segment"])
LATER = frozenset(["avg", "min", "max", "distinct", "trend", "latest", "has", "event"])
LATER_NAMES = frozenset(["rfm", "properties"])
CLOCKS: Mapping[str, Instant] = {"idle_days": IdleSince(), "tenure_days": FirstSeen()}


def usage(function: str) -> str:
    return f"write it like {FUNCTIONS[function].usage}"


def mistaken(name: str) -> str:
    """Why a bare name cannot be meant as a trait (its comparison would never hold), or an empty string."""
    if name == "any":
        return "`any` is all activity and no value; write count(any, days=7)"
    if name in FUNCTIONS:
        return f"`{name}` is a function; {usage(name)}"
    if name in LATER or name.partition(".")[0] in LATER_NAMES:
        return f"`{name}` is not available yet"
    clock = nearest(name, CLOCKS, likeness=0.85)
    return f"there is no `{name}`; did you mean `{clock}`?" if clock else ""


def is_bare_trait(name: str) -> bool:
    """Whether the trait can be written without `trait(..)`."""
    return is_plain_name(name) and not mistaken(name)
