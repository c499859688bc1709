"""Two users who are one: what was kept of one goes to whoever delivers to the other, in two steps of two shards.

    at the shard of who is gone               at the shard of who stays

    hear      a worker told of the merge
    leave     once all her changes are known ──Moved──▶ take in

Comes in: `Merged`, `Moved` and `Again` commands, and the time. Goes out: what a step makes of them. What leaves is
taken away in the transaction that keeps the word of it until it is published; it may be told twice, and is taken in
once. Of a chain it goes on to where who stays went herself.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from streams.delivery.decider import Decider
from streams.delivery.decision import Decision
from streams.delivery.feed import Feed, FeedMessage, Mark
from streams.delivery.merging import InFeed, belongings, dismissed_too, has_taken, left_behind
from streams.delivery.recipient import Recipient, Successor
from streams.dispatch.inputs import Again
from streams.dispatch.step import Step
from streams.kafka.message import Message
from streams.outputs.membership import decode_segments
from streams.sources import delivery_commands
from streams.sources.delivery_commands import FeedEntry, Merged, Moved
from streams.state.codec import WHOLE_FEED
from streams.state.format import MEMBERSHIPS
from streams.state.store import Store

KNOWN_AFTER_MS: Final = 2_000
"""The changes by which she left were published before the word of the merge, in another topic: the broker has told of
them by then."""
MOST_BYTES: Final = 256 << 10  # of messages in a record; a feed may have 1 MB of them


class Merging:
    """Of one step of a shard, with what it needs to know: `read` that first. topic: of commands about deliveries."""

    def __init__(self, step: Step, topic: str):
        self._step, self._topic = step, topic
        self._feeds: dict[str, Feed] = {}
        self._segments: dict[str, Mapping[str, object]] = {}

    async def read(self, store: Store, shard: int, moved: Sequence[Moved], due: Sequence[str]) -> None:
        """What stands in the feeds of those who leave or stay, and which segments are theirs who stay."""
        staying = {each.user for each in moved}
        leaving = {user for user in due if _leaves(self._step.recipients[user])}
        self._feeds = {user: await store.feeds.read(shard, user) for user in sorted(staying | leaving)}
        for user in staying:
            self._segments[user] = decode_segments(await store.shards.get(shard, MEMBERSHIPS, user))

    def hear(self, merged: Merged, now_ms: int) -> None:
        recipient = self._step.recipients[merged.user]
        if recipient.successor is None:
            due_ms = now_ms + KNOWN_AFTER_MS
            recipient.successor = Successor(merged.into, merged.shard, merged.at_ms, due_ms)

    def leave(self, user: str, until_ms: int) -> None:
        """If it is time for it; and nothing is decided in this step, so that all is known as it will be."""
        step, recipient = self._step, self._step.recipients[user]
        successor = recipient.successor
        if successor is None or successor.due_at is None or successor.due_at > until_ms or user not in self._feeds:
            return
        if any(whose == user for whose, _ in step.decisions):
            return
        kept, feed = belongings(recipient), self._feeds[user]
        if not kept.is_empty or feed.entries:
            for part in _moved(user, successor, kept, feed):
                self._tell(part, successor.shard)
        step.recipients[user] = left_behind(recipient, successor)
        step.feeds.append((user, (WHOLE_FEED, successor.user)))

    def pass_on(self, again: Again) -> bool:
        """A message that is to go again to a user who is another by now is for that one's feed; whether it is."""
        to = self._step.recipients[again.user].gone_to
        if to is not None:
            value = delivery_commands.again(again.message, again.endpoint, again.noticed.raw, to.user)
            self._step.told.append(Message(self._topic, to.user.encode(), value, shard=to.shard))
        return to is not None

    def take_in(self, moved: Moved, decider: Decider, now_ms: int) -> Iterator[Decision]:
        stays = decider.recipient
        if stays.gone_to is not None:
            to = stays.gone_to
            self._tell(Moved(to.user, moved.gone, moved.at_ms, moved.feed, moved.recipient), to.shard)
        elif not has_taken(stays, moved.gone, moved.at_ms):
            names = {each.id: each.message for each in stays.standing}
            self._put_in_feed(moved, names)
            if moved.recipient:
                theirs = Recipient.decode(moved.recipient)
                yield from decider.take_in(moved.gone, theirs, moved.at_ms, self._segments[moved.user], now_ms)

    def _put_in_feed(self, moved: Moved, names: Mapping[str, str]) -> None:
        """names: of the messages that stand in the feed, by id."""
        user, feed = moved.user, self._feeds[moved.user]
        hers = [InFeed(name, names[name], entry.marks) for name, entry in feed.entries.items() if name in names]
        theirs = [InFeed(each.id, FeedMessage.decode(each.message).message, each.marks) for each in moved.feed]
        marks = {each.id: dict(each.marks) for each in theirs}
        for each, at_ms in dismissed_too(theirs, hers):
            marks[each.id]["dismissed"] = at_ms
        for entry in moved.feed:
            self._step.feeds.append((user, (entry.id, entry.message, *_flat(marks[entry.id]))))
        for each, at_ms in dismissed_too(hers, theirs):
            self._step.feeds.append((user, (each.id, b"", "dismissed", at_ms)))

    def _tell(self, moved: Moved, shard: int) -> None:
        value = delivery_commands.encode(moved)
        self._step.told.append(Message(self._topic, moved.user.encode(), value, shard=shard))


def _leaves(recipient: Recipient) -> bool:
    return recipient.successor is not None and recipient.successor.due_at is not None


def _moved(gone: str, successor: Successor, kept: Recipient, feed: Feed) -> Iterator[Moved]:
    """In parts; what is kept beside the feed goes with the last."""
    part: list[FeedEntry] = []
    size = 0
    for name, entry in sorted(feed.entries.items(), key=lambda each: each[1].at):
        if part and size + len(entry.message) > MOST_BYTES:
            yield Moved(successor.user, gone, successor.at_ms, part)
            part, size = [], 0
        part.append(FeedEntry(name, entry.message, dict(entry.marks)))
        size += len(entry.message)
    yield Moved(successor.user, gone, successor.at_ms, part, kept.encode())


def _flat(marks: Mapping[Mark, int]) -> list[str | int]:
    return [part for mark in marks.items() for part in mark]
