"""Messages: which there are, what was decided about each of late, and about whom and why.

Comes in: the newest of the topic of deliveries, and the messages in force. Goes out: a `MessagesShown`.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from streams.web.views.decisions import DecisionShown
from streams.web.views.window import DECISIONS_KEPT, Window

DECISIONS_SHOWN: Final = 60


class MessageShown(msgspec.Struct, frozen=True, gc=False):
    """on: what begins it, such as `enters churn-risk`. decisions: how many of each sort, of the newest."""

    message: str
    description: str
    channel: str
    on: tuple[str, ...]
    is_live: bool
    decisions: Mapping[str, int]


class MessagesShown(msgspec.Struct, frozen=True, gc=False):
    """of_newest: so many decisions are looked at, at most. newest: the newest first."""

    of_newest: int
    messages: tuple[MessageShown, ...]
    newest: tuple[DecisionShown, ...]


async def messages(window: Window) -> MessagesShown:
    """Those in force, and those that are not any more while something of them is known."""
    newest = window.decisions.newest
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for each in newest:
        counts[each.message][each.decision] += 1
    there = (await window.rules()).messages.messages
    shown = [
        MessageShown(
            each.name,
            " ".join(each.description.split()),
            each.channel,
            tuple(map(str, each.on)),
            each.is_live,
            counts.pop(each.name, Counter()),
        )
        for each in there
    ]
    gone = [MessageShown(name, "", "", (), False, counts[name]) for name in sorted(counts)]
    return MessagesShown(DECISIONS_KEPT, (*shown, *gone), tuple(_by_time(newest)[:DECISIONS_SHOWN]))


def _by_time(decisions: Sequence[DecisionShown]) -> list[DecisionShown]:
    return sorted(decisions, key=lambda each: each.at, reverse=True)
