"""Two users who are one by now: what was kept of who is gone becomes part of what is kept of who stays.

Comes in: what is kept of both (`Recipient`), and what stands in their feeds. Goes out: the survivor's, changed in
place; which marks are to be put at what stands in her feed.

All that was sent to either was sent to her, so that caps count both. Of a message that waits for both, by the same
trigger, one waits: the one that began first. Whoever was held out stays so, and what one of them dismissed is so for
both.
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from typing import NamedTuple

from streams.delivery.feed import Mark
from streams.delivery.message import Trigger
from streams.delivery.recipient import Decided, Recipient, Standing, Successor, Waiting


class InFeed(NamedTuple):
    """A message that stands in a feed: its id and its name, and by mark when it was made (ms)."""

    id: str
    message: str
    marks: Mapping[Mark, int]


def belongings(recipient: Recipient) -> Recipient:
    """What goes along with a user who is another from then on."""
    kept = recipient
    return Recipient(kept.waiting, kept.standing, kept.shown, {}, kept.decided, kept.was)


def left_behind(recipient: Recipient, successor: Successor) -> Recipient:
    """What stays where the user was: which changes were applied, so that a repeat is told, and who that is by now."""
    whole = Successor(successor.user, successor.shard, successor.at_ms, None)
    return Recipient(applied=recipient.applied, successor=whole)


def has_taken(stays: Recipient, gone: str, at_ms: int) -> bool:
    """Whether what was kept of that user has come before."""
    return at_ms <= stays.was.get(gone, at_ms - 1)


def unite(
    stays: Recipient, theirs: Recipient, gone: str, at_ms: int, segments: Container[str]
) -> Iterator[tuple[Waiting | Standing, str]]:
    """segments: the survivor is in these. Gives what is to be withdrawn of it then, each with the reason: what waits
    twice, or stands in the feed already, and what is over by the merge, of which no change of hers tells."""
    shown = {each.id: each for each in (*theirs.shown, *stays.shown)}
    stays.shown = sorted(shown.values(), key=lambda each: (each.at, each.id))
    since = {each.id: each.at for each in stays.shown}
    standing = {each.id: each for each in (*theirs.standing, *stays.standing)}
    stays.standing = sorted(standing.values(), key=lambda each: (since.get(each.id, at_ms), each.id))
    stays.waiting = sorted((*stays.waiting, *theirs.waiting), key=lambda each: (each.cause.since, each.due_at))
    stays.decided = _decided(stays.decided, theirs.decided)
    stays.was = {**stays.was, **theirs.was, gone: at_ms}
    yield from _twice(stays)
    yield from _over(theirs, segments)


def _twice(stays: Recipient) -> Iterator[tuple[Waiting, str]]:
    has = {(each.message, each.trigger) for each in stays.standing}
    for each in list(stays.waiting):
        which = each.message, each.cause.trigger
        if which in has:
            yield each, "one of the two who are one by now has it already"
        has.add(which)


def _over(theirs: Recipient, segments: Container[str]) -> Iterator[tuple[Waiting | Standing, str]]:
    ends: list[tuple[Waiting | Standing, str]] = [(each, each.cause.trigger) for each in theirs.waiting]
    ends += [(each, each.trigger) for each in theirs.standing if each.withdraw]
    for each, text in ends:
        trigger = Trigger.of(text)
        if trigger.is_over_in(segments):
            where = "in" if trigger.verb == "leaves" else "not in"
            yield each, f"is {where} {trigger.segment} since two users became one"


def _decided(stays: Mapping[str, Decided], theirs: Mapping[str, Decided]) -> dict[str, Decided]:
    """Of each message the last, but that somebody was held out."""
    found = dict(stays)
    for name, other in theirs.items():
        found[name] = max(found.get(name, other), other, key=lambda each: (each.decision == "held_out", each.at))
    return found


def dismissed_too(one: Iterable[InFeed], other: Iterable[InFeed]) -> Iterator[tuple[InFeed, int]]:
    """What stands in one feed and was dismissed under another id in the other, with when (ms)."""
    dismissed: dict[str, int] = {}
    for each in other:
        if "dismissed" in each.marks:
            dismissed[each.message] = min(each.marks["dismissed"], dismissed.get(each.message, each.marks["dismissed"]))
    for each in one:
        if each.message in dismissed and "dismissed" not in each.marks:
            yield each, dismissed[each.message]
