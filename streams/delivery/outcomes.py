"""What became of messages, counted by the day: how often each was sent, held or capped, seen, clicked or dismissed.

Comes in: decisions. Goes out: counts, under the names and days by which those who look ask for them. Days are in UTC:
those who deliver know no calendar.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, get_args

from streams.core.flows import DAYS
from streams.core.instants import DAY_MS
from streams.delivery.decision import Decision, Verdict
from streams.delivery.feed import Mark

VERDICTS: Final[tuple[Verdict, ...]] = get_args(Verdict)
MARKED: Final[tuple[Mark, ...]] = get_args(Mark)


def outcome(message: str, what: Verdict | Mark) -> str:
    """
    >>> outcome("come-back", "held_out")
    'come-back/held_out'
    """
    return f"{message}/{what}"


def day_of(at_ms: int) -> str:
    """
    >>> day_of(1_772_355_600_000)
    'd20513'
    """
    return f"{DAYS}{at_ms // DAY_MS}"


def counted(decisions: Iterable[Decision]) -> list[tuple[str, tuple[str, int, int]]]:
    """Of each outcome and day how many there were."""
    counts = Counter((outcome(message, each.decision), day_of(each.at)) for message, each in _told(decisions))
    return [(name, (day, many, 0)) for (name, day), many in counts.items()]


def _told(decisions: Iterable[Decision]) -> Iterator[tuple[str, Decision]]:
    """Those about messages. One that waits to be posted to an endpoint is not sent yet."""
    for each in decisions:
        if each.message is not None and not (each.channel == "webhook" and each.content is not None):
            yield each.message, each
