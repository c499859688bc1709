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

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

import msgspec

from streams.core.engine.erasure import Erasure, mark_of
from streams.core.instants import HOUR_MS, format_time
from streams.delivery.decider import Decider
from streams.delivery.decision import Decision, Verdict
from streams.delivery.message import Messages
from streams.delivery.queue import WebhookQueue
from streams.delivery.recipient import Decided, Recipient
from streams.delivery.webhook import Outcome, Queued, change_body, message_body
from streams.dispatch.inputs import Input, Send
from streams.kafka.message import Message
from streams.outputs.change import Noticed
from streams.outputs.delivery import encode_delivery, encode_message, message_record
from streams.state.claiming import claim
from streams.state.format import DUE, FEEDS, MARKS, RECIPIENTS, WEBHOOKS
from streams.state.store import Checkpoint, ShardStore, Write

MOST_DUE: Final = 1_000
LOG: Final = "log"
"""In the place of a topic: the message goes to the log."""


class Head(msgspec.Struct, array_like=True):
    """began_ms: when the shard was first claimed. What was older news by then than `live_within` makes no message.
    queued: how many webhooks there ever were."""

    began_ms: int
    queued: int = 0


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
    queued: dict[int, Queued] = field(default_factory=dict)
    settled: dict[int, Queued | None] = field(default_factory=dict)


class DeliveryShard:
    """Its calls must not overlap. Nothing can be stored before it is claimed, nor once another has claimed it."""

    def __init__(self, number: int, common: Common):
        self.number, self._epoch = number, 0
        self._common = common
        self._checkpoint = 0
        self._head = Head(0)
        self._marks: dict[bytes, int] = {}
        self.positions: dict[str, int] = {}
        self.queue = WebhookQueue()

    async def claim(self, is_ours: Callable[[], Awaitable[bool]], clock: Callable[[], int]) -> Sequence[Message]:
        """Own it from now on (`streams.state.claiming`); what was not yet published by whoever had it before."""
        self._epoch, stored = await claim(self._common.store, self.number, is_ours, clock)
        if stored is None:
            self._checkpoint, self._head = 0, Head(clock())
            return []
        self._checkpoint, self.positions = stored.number, stored.positions
        self._head, self._marks = msgspec.json.decode(stored.head, type=Head), stored[MARKS]
        for number, raw in sorted(stored[WEBHOOKS].items()):
            self.queue.add(number, Queued.decode(raw))
        return stored.outbox

    async def decide(
        self,
        inputs: Sequence[Input],
        positions: Mapping[str, int],
        come_ms: int,
        now_ms: int,
        outcomes: Sequence[Outcome] = (),
    ) -> Checkpoint | None:
        """What comes of records, then of what was due by `come_ms`, up to when all changes are known; None if nothing.

        positions: the offset after the records, by topic. outcomes: of webhooks that were tried.
        """
        due = await self._common.store.earliest(self.number, DUE, come_ms, MOST_DUE)
        if (
            not due
            and not inputs
            and not outcomes
            and all(self.positions.get(topic) == at for topic, at in positions.items())
        ):
            return None
        users = {*self._concerned(inputs), *(user for user, _ in due)}
        raw = await self._common.store.values(self.number, RECIPIENTS, sorted(users))
        step = _Step({user: Recipient.decode(raw[user]) if user in raw else Recipient() for user in users}, raw)
        for outcome in outcomes:
            self._settle(step, outcome)
        for each in inputs:
            self._apply(step, each, now_ms)
        for user, _ in due:
            self._note(step, user, self._decider(step, user).come(come_ms, now_ms))
        self._queue_messages(step)
        return Checkpoint(
            self._checkpoint + 1,
            msgspec.json.encode(Head(self._head.began_ms, self._head.queued + len(step.queued))),
            {**self.positions, **positions},
            list(self._writes(step, now_ms)),
            list(self._outbox(step)),
            list(step.erased),
        )

    async def save(self, checkpoint: Checkpoint) -> None:
        """Store it whole or not at all; it may be tried again just so."""
        await self._common.store.save(self.number, self._epoch, checkpoint)
        self._checkpoint, self.positions = checkpoint.number, dict(checkpoint.positions)
        self._head = msgspec.json.decode(checkpoint.head, type=Head)
        for write in checkpoint.writes:
            if write.collection == MARKS:
                self._marks |= dict(write.put)
            elif write.collection == WEBHOOKS:
                self._keep(write)

    def _keep(self, write: Write[int, bytes]) -> None:
        """In the queue, as it is stored."""
        for number in cast(Sequence[int], write.drop):
            self.queue.settle(number, None)
        for number, raw in write.put:
            if self.queue.get(number) is None:
                self.queue.add(number, Queued.decode(raw))
            else:
                self.queue.settle(number, Queued.decode(raw))

    async def published(self) -> None:
        """All that was stored until now."""
        await self._common.store.mark_published(self.number, self._epoch, self._checkpoint)

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
            case Noticed() if each.change.subject in step.recipients and not self._is_refused(step, each):
                self._change(step, each, now_ms)
            case Erasure(subject, until_ms):
                mark = mark_of(subject)
                step.marks[mark] = max(until_ms, step.marks.get(mark, until_ms), self._marks.get(mark, until_ms))
                self._erase(step, subject)
                self._unqueue(step, subject)
            case Send(name, change) if name in self._common.messages().by_name:
                message = self._common.messages().by_name[name]
                decided = self._decider(step, change.subject).send(message, change, now_ms)
                self._note(step, change.subject, decided)

    def _change(self, step: _Step, noticed: Noticed, now_ms: int) -> None:
        change = noticed.change
        if change.cause == "erase":
            self._erase(step, change.subject)
        decider = self._decider(step, change.subject)
        is_known_from_before = change.occurred_at <= self._head.began_ms - self._common.live_within_ms
        is_news = bool(noticed.is_live) and not is_known_from_before
        if not decider.is_repeat(change) and not is_known_from_before:
            self._queue_change(step, noticed, now_ms)
        self._note(step, change.subject, decider.change(change, is_news, now_ms))
        if change.cause == "erase":
            step.recipients[change.subject] = Recipient()

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

    def _unqueue(self, step: _Step, user: str) -> None:
        """The command to erase goes before the changes by which the user leaves: those are still posted."""
        step.settled |= dict.fromkeys(self.queue.of_user(user))
        for number in [number for number, webhook in step.queued.items() if webhook.user == user]:
            step.settled[number] = None

    def _decider(self, step: _Step, user: str) -> Decider:
        return Decider(self._common.messages(), user, step.recipients[user], self._common.timezone)

    def _note(self, step: _Step, user: str, decisions: Iterator[Decision]) -> None:
        step.decisions += [(user, each) for each in decisions]

    # --------------------------------------------------------------------------------------------- webhooks

    def _queue_change(self, step: _Step, noticed: Noticed, now_ms: int) -> None:
        """To every endpoint that wants it."""
        change = noticed.change
        for endpoint in self._common.messages().endpoints.values():
            if endpoint.wants(change, noticed.is_live is True):
                body = change_body(endpoint, change, noticed.raw)
                self._queue(step, Queued(endpoint.name, change.subject, change.id, body, None, None, change.id, now_ms))

    def _queue_messages(self, step: _Step) -> None:
        """Those that were decided to be sent to an endpoint; that they were is told once they are there."""
        for user, decision in step.decisions:
            if decision.channel == "webhook" and decision.content is not None and decision.endpoint is not None:
                body = message_body(decision.at, message_record(user, decision))
                named = decision.message, decision.variant, decision.change_id
                self._queue(step, Queued(decision.endpoint, user, decision.id, body, *named, decision.at))

    def _queue(self, step: _Step, webhook: Queued) -> None:
        step.queued[self._head.queued + len(step.queued)] = webhook

    def _settle(self, step: _Step, outcome: Outcome) -> None:
        """What became of an attempt: it is there, or is tried again, or never gets there."""
        webhook = self.queue.get(outcome.number)
        if webhook is None or outcome.number in step.settled:
            return
        again = None if outcome.is_done or outcome.is_final else webhook.again(outcome.at_ms, outcome.retry_after_ms)
        step.settled[outcome.number] = again
        verdict: Verdict = "sent" if outcome.is_done else "failed" if again is None else "held"
        reason = outcome.said if again is None else f"{outcome.said}; again at {format_time(again.due_at)}"
        decision = Decision(
            id=webhook.id,
            message=webhook.message,
            channel="webhook",
            decision=verdict,
            reason=reason,
            change_id=webhook.change_id,
            at=outcome.at_ms,
            variant=webhook.variant,
            attempt=webhook.attempt,
            endpoint=webhook.endpoint,
        )
        step.decisions.append((webhook.user, decision))

    # ------------------------------------------------------------------------------------- what is published

    def _outbox(self, step: _Step) -> Iterator[Message]:
        for user, decision in step.decisions:
            if decision.decision == "sent" and decision.channel in ("kafka", LOG):
                topic = LOG if decision.channel == LOG else self._common.segment_messages
                yield Message(topic, user.encode(), encode_message(user, decision))
            if decision.channel == "webhook" and decision.content is not None:
                continue  # it is queued
            yield Message(self._common.deliveries, user.encode(), encode_delivery(user, decision))

    # ----------------------------------------------------------------------------------------- what is kept

    def _writes(self, step: _Step, now_ms: int) -> Iterator[Write[Any, Any]]:
        messages = self._common.messages()
        self._remember(step)
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
        kept = {number: again for number, again in step.settled.items() if again is not None}
        kept |= {number: webhook for number, webhook in step.queued.items() if number not in step.settled}
        gone = [number for number, again in step.settled.items() if again is None and number not in step.queued]
        yield Write(WEBHOOKS, [(number, webhook.encode()) for number, webhook in kept.items()], drop=gone)
        yield Write(MARKS, list(step.marks.items()))

    @staticmethod
    def _remember(step: _Step) -> None:
        """The last decision about each message, for whoever asks why."""
        for user, each in step.decisions:
            if each.message is not None and user in step.recipients and user not in step.erased:
                step.recipients[user].decided[each.message] = Decided(each.decision, each.reason, each.at)

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
