"""Messages: which there are, what became of each, and about whom what was decided of late, and why.

Comes in: the counts that those who deliver keep, the newest of the topic of deliveries, and the messages in force. Goes
out: a `MessagesShown`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from streams.core.instants import DAY_MS
from streams.delivery.message import Message
from streams.delivery.outcomes import MARKED, VERDICTS, day_of, outcome
from streams.state.format import OUTCOMES
from streams.web.views.decisions import DecisionShown
from streams.web.views.window import Window

DECISIONS_SHOWN: Final = 60
DAYS: Final = 30
WHAT: Final = (*VERDICTS, *MARKED)


class MessageShown(msgspec.Struct, frozen=True, gc=False):
    """on: what begins it, such as `enters churn-risk`. is_known: false of one that is in the rules no more.

    outcomes: of the last 30 days (in UTC) how often it was `sent`, `held` and so on, and `seen`, `read`, `clicked`,
    `dismissed` in the app; what never happened is left out.
    """

    message: str
    description: str
    channel: str
    kind: str
    on: tuple[str, ...]
    is_live: bool
    is_known: bool
    outcomes: Mapping[str, int]


class MessagesShown(msgspec.Struct, frozen=True, gc=False):
    """newest: the newest decisions, the newest first."""

    messages: tuple[MessageShown, ...]
    newest: tuple[DecisionShown, ...]


async def messages(window: Window) -> MessagesShown:
    """Those in force, and those that are not any more while something of them is known."""
    newest = window.decisions.newest
    there = (await window.rules()).messages.messages
    gone = sorted({each.message for each in newest} - {each.name for each in there})
    counts = await outcomes_of(window, [*(each.name for each in there), *gone])
    shown = [message_shown(each, _summed(counts[each.name])) for each in there]
    shown += [MessageShown(name, "", "", "", (), False, False, _summed(counts[name])) for name in gone]
    return MessagesShown(tuple(shown), tuple(newest_decisions(newest, DECISIONS_SHOWN)))


def message_shown(message: Message, outcomes: Mapping[str, int]) -> MessageShown:
    return MessageShown(
        message=message.name,
        description=" ".join(message.description.split()),
        channel=message.channel,
        kind=message.kind if message.channel == "in_app" else "",
        on=tuple(map(str, message.on)),
        is_live=message.is_live,
        is_known=True,
        outcomes=outcomes,
    )


def newest_decisions(decisions: Sequence[DecisionShown], most: int) -> list[DecisionShown]:
    return sorted(decisions, key=lambda each: each.at, reverse=True)[:most]


async def outcomes_of(window: Window, names: Sequence[str]) -> dict[str, dict[str, tuple[int, ...]]]:
    """Of each message what became of it: how often on each of the last 30 days, the oldest first."""
    now_ms = window.clock()
    days = [day_of(now_ms - ago * DAY_MS) for ago in reversed(range(DAYS))]
    asked = [outcome(name, what) for name in names for what in WHAT]
    found = await window.store.deliveries.flows(OUTCOMES, asked, days)

    def told(name: str) -> Iterator[tuple[str, tuple[int, ...]]]:
        for what in WHAT:
            if flows := found[outcome(name, what)]:
                yield what, tuple(flows[day].entries if day in flows else 0 for day in days)

    return {name: dict(told(name)) for name in names}


def _summed(days: Mapping[str, Sequence[int]]) -> dict[str, int]:
    return {what: sum(each) for what, each in days.items()}
