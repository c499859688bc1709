"""One shard's changes to decisions, a step at a time: READ FIRST.

Comes in: records of the shard's topics, and the time. Goes out: a checkpoint to store, with what is to be
published once it is stored.

A step, and what a crash after each part of it leaves:

1. read what is kept of the users concerned           nothing has happened
2. decide                                             nothing has happened
3. store in one transaction: recipients, feeds, when
   something is due, how far the topics were read,
   and what is to be published (the outbox)           it is published by whoever claims the shard next
4. publish the outbox                                 it is published again, with the same ids
5. note that it is published                          done

So a message stands in a feed once, whatever crashes, and every decision is told at least once. Only the owner of the
latest generation can store: who was owner before, and wakes late, is refused.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from streams.core.engine.erasure import Erasure, mark_of
from streams.core.instants import HOUR_MS
from streams.delivery.decider import Decider
from streams.delivery.decision import Decision
from streams.delivery.message import Messages
from streams.delivery.recipient import Recipient
from streams.dispatch.inputs import Input, Send
from streams.kafka.message import Message
from streams.outputs.change import Noticed
from streams.outputs.delivery import encode_delivery, encode_message
from streams.state.format import DUE, FEEDS, MARKS, RECIPIENTS
from streams.state.store import Checkpoint, ShardStore, Write

MOST_DUE: Final = 1_000
LOG: Final = "log"
"""In the place of a topic: the message goes to the log."""


class Head(msgspec.Struct, array_like=True):
    """began_ms: when the shard was first claimed. What was older news by then than `live_within` makes no message."""

    began_ms: int


@dataclass(frozen=True)
class Common:
    """What all shards share. live_within_ms: how old a change may be and still be live."""

    store: ShardStore
    messages: Callable[[], Messages]
    deliveries: str
    segment_messages: str
    timezone: str = "UTC"
    live_within_ms: int = HOUR_MS


@dataclass
class _Step:
    """What one step works on: users with what is kept of them, and what comes of it."""

    recipients: dict[str, Recipient]
    raw: Mapping[str, bytes]
    decisions: list[tuple[str, Decision]] = field(default_factory=list)
    erased: dict[str, None] = field(default_factory=dict)
    marks: dict[bytes, int] = field(default_factory=dict)


class DeliveryShard:
    """Owned by generation `epoch`. Its calls must not overlap."""

    def __init__(self, number: int, epoch: int, common: Common):
        self.number, self.epoch = number, epoch
        self._common = common
        self._checkpoint = 0
        self._head = Head(0)
        self._marks: dict[bytes, int] = {}
        self.positions: dict[str, int] = {}

    async def claim(self, now_ms: int) -> Sequence[Message]:
        """Own it from now on; what was not yet published by whoever had it before."""
        stored = await self._common.store.claim(self.number, self.epoch)
        if stored is None:
            self._checkpoint, self._head = 0, Head(now_ms)
            return []
        self._checkpoint, self.positions = stored.number, stored.positions
        self._head, self._marks = msgspec.json.decode(stored.head, type=Head), stored[MARKS]
        return stored.outbox

    async def decide(
        self, inputs: Sequence[Input], positions: Mapping[str, int], come_ms: int, now_ms: int
    ) -> Checkpoint | None:
        """What comes of records, then of what was due by `come_ms`, up to when all changes are known; None if nothing.

        positions: the offset after the records, by topic.
        """
        due = await self._common.store.earliest(self.number, DUE, come_ms, MOST_DUE)
        if not due and not inputs and all(self.positions.get(topic) == at for topic, at in positions.items()):
            return None
        users = {*self._concerned(inputs), *(user for user, _ in due)}
        raw = await self._common.store.values(self.number, RECIPIENTS, sorted(users))
        step = _Step({user: Recipient.decode(raw[user]) if user in raw else Recipient() for user in users}, raw)
        for each in inputs:
            self._apply(step, each, now_ms)
        for user, _ in due:
            self._note(step, user, self._decider(step, user).come(come_ms, now_ms))
        return Checkpoint(
            self._checkpoint + 1,
            msgspec.json.encode(self._head),
            {**self.positions, **positions},
            list(self._writes(step, now_ms)),
            list(self._outbox(step)),
            list(step.erased),
        )

    async def save(self, checkpoint: Checkpoint) -> None:
        """Store it whole or not at all; it may be tried again just so."""
        await self._common.store.save(self.number, self.epoch, checkpoint)
        self._checkpoint, self.positions = checkpoint.number, dict(checkpoint.positions)
        self._marks |= {mark: at for write in checkpoint.writes if write.collection == MARKS for mark, at in write.put}

    async def published(self) -> None:
        """All that was stored until now."""
        await self._common.store.mark_published(self.number, self.epoch, self._checkpoint)

    # ---------------------------------------------------------------------------------------------- records

    def _concerned(self, inputs: Iterable[Input]) -> Iterator[str]:
        """Whose changes any message is about."""
        messages = self._common.messages()
        for each in inputs:
            match each:
                case Noticed(change) if messages.concern(change) or change.cause == "erase":
                    yield change.subject
                case Erasure(subject):
                    yield subject
                case Send(_, change):
                    yield change.subject

    def _apply(self, step: _Step, each: Input, now_ms: int) -> None:
        match each:
            case Noticed(change, is_live) if change.subject in step.recipients and not self._is_refused(step, each):
                is_news = bool(is_live) and change.occurred_at > self._head.began_ms - self._common.live_within_ms
                decided = self._decider(step, change.subject).change(change, is_news, now_ms)
                self._note(step, change.subject, decided)
                if change.cause == "erase":
                    self._erase(step, change.subject)
            case Erasure(subject, until_ms):
                mark = mark_of(subject)
                step.marks[mark] = max(until_ms, step.marks.get(mark, until_ms), self._marks.get(mark, until_ms))
                self._erase(step, subject)
            case Send(name, change) if name in self._common.messages().by_name:
                message = self._common.messages().by_name[name]
                decided = self._decider(step, change.subject).send(message, change, now_ms)
                self._note(step, change.subject, decided)

    def _is_refused(self, step: _Step, noticed: Noticed) -> bool:
        """Whether it is about what a user was before being erased."""
        if not self._marks and not step.marks:
            return False
        mark = mark_of(noticed.change.subject)
        until_ms = step.marks.get(mark, self._marks.get(mark))
        return until_ms is not None and noticed.change.occurred_at <= until_ms

    def _erase(self, step: _Step, user: str) -> None:
        step.erased[user] = None
        step.recipients[user] = Recipient()
        step.decisions = [(other, each) for other, each in step.decisions if other != user]

    def _decider(self, step: _Step, user: str) -> Decider:
        return Decider(self._common.messages(), user, step.recipients[user], self._common.timezone)

    def _note(self, step: _Step, user: str, decisions: Iterator[Decision]) -> None:
        step.decisions += [(user, each) for each in decisions]

    # ------------------------------------------------------------------------------------- what is published

    def _outbox(self, step: _Step) -> Iterator[Message]:
        for user, decision in step.decisions:
            if decision.decision == "sent" and decision.channel in ("kafka", LOG):
                topic = LOG if decision.channel == LOG else self._common.segment_messages
                yield Message(topic, user.encode(), encode_message(user, decision))
            yield Message(self._common.deliveries, user.encode(), encode_delivery(user, decision))

    # ----------------------------------------------------------------------------------------- what is kept

    def _writes(self, step: _Step, now_ms: int) -> Iterator[Write[Any, Any]]:
        messages = self._common.messages()
        put: list[tuple[str, bytes]] = []
        drop: list[str] = []
        due: list[tuple[str, int]] = []
        idle: list[str] = []
        for user, recipient in step.recipients.items():
            Decider(messages, user, recipient).forget(now_ms)
            raw = recipient.encode()
            if user not in step.erased and step.raw.get(user) == raw:
                continue
            if recipient.is_empty:
                drop.append(user)
            else:
                put.append((user, raw))
            if recipient.next_due is None:
                idle.append(user)
            else:
                due.append((user, recipient.next_due))
        yield Write(RECIPIENTS, put, drop=drop)
        yield Write(DUE, due, drop=idle)
        yield self._feeds(step)
        yield Write(MARKS, list(step.marks.items()))

    @staticmethod
    def _feeds(step: _Step) -> Write[Any, Any]:
        put: list[tuple[str, tuple[str, bytes]]] = []
        drop: list[tuple[str, str]] = []
        for user, decision in step.decisions:
            if decision.channel != "in_app":
                continue
            if decision.content is not None:
                put.append((user, (decision.id, decision.content.encode())))
            elif decision.decision in ("withdrawn", "expired"):
                drop.append((user, decision.id))
        gone = set(drop)  # one that was sent may go again in the same step, and drops are written before puts
        return Write(FEEDS, [(user, each) for user, each in put if (user, each[0]) not in gone], drop=drop)
