"""What a backtest is asked. READ FIRST.

Comes in: what a person says: rules, others to hold them against, a history, an event to foretell. Goes out: a
`Question`, or a UsageError.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from streams.core.language.faults import ExpressionFaults
from streams.core.language.parser import parse_condition
from streams.core.rules.rulebook import Rulebook, Segment
from streams.errors import UsageError
from streams.settings import Settings

OUTCOME: Final = "\0outcome"  # no rule in a file is called so


@dataclass(frozen=True)
class Question:
    """new, old: rulebooks; without an old one nothing is compared. files: names of files, in the order in which they go
    first on a tie. outcome: a rulebook of one segment, which somebody enters at each instant of the event.
    within_ms: in which the event is to follow. erased: by user, up to when (ms) what happened is passed over. lost:
    topics of which the beginning is not there any more.
    """

    settings: Settings
    files: tuple[str, ...]
    new: Rulebook
    old: Rulebook | None = None
    until_ms: int | None = None
    outcome: Rulebook | None = None
    outcome_text: str = ""
    within_ms: int = 0
    erased: Mapping[str, int] = field(default_factory=dict)
    lost: tuple[str, ...] = ()


def has_quintiles(question: Question) -> bool:
    """Whether anybody's changes depend on everybody."""
    return any(book.by_quintiles for book in (question.new, question.old) if book is not None)


def outcome_rules(event: str) -> Rulebook:
    """For `--outcome`: an event by its name, or as rules write it: `event("Payment Failed", where=..)`.

    Who enters has the event newest at that very instant, and leaves a millisecond later.
    """
    text = event if event.lstrip().startswith(("event(", "[", '"')) else '"' + event.replace('"', '\\"') + '"'
    try:
        return Rulebook((Segment(OUTCOME, parse_condition(f"days_since({text}) <= 0")),))
    except ExpressionFaults as faults:
        said = "; ".join(str(fault.message) for fault in faults.faults)
        raise UsageError(f"--outcome {event}: {said}") from None
