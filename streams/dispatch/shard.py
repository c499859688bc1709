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
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from streams.core.changes import Change
from streams.core.engine.erasure import Erasure, mark_of
from streams.core.instants import HOUR_MS
from streams.delivery.decider import Decider
from streams.delivery.decision import Decision
from streams.delivery.message import Messages
from streams.delivery.outcomes import counted
from streams.delivery.queue import WebhookQueue
from streams.delivery.recipient import Decided, Recipient
from streams.delivery.webhook import Outcome
from streams.dispatch.inputs import Again, Input, Send
from streams.dispatch.merging import Merging
from streams.dispatch.step import Step
from streams.dispatch.webhooks import Webhooks
from streams.kafka.message import Message
from streams.outputs.change import Noticed
from streams.outputs.delivery import encode_delivery, encode_message
from streams.sources.delivery_commands import Merged, Moved
from streams.state.claiming import claim
from streams.state.format import DUE, FEEDS, MARKS, OUTCOMES, RECIPIENTS, WEBHOOKS
from streams.state.store import Checkpoint, ShardStore, Store, Write

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
    """What all shards share. deliveries, segment_messages, commands: topics. live_within_ms: how old a change may be
    and still be live."""

    kept: Store
    messages: Callable[[], Messages]
    deliveries: str
    segment_messages: str
    commands: str
    timezone: str = "UTC"
    live_within_ms: int = HOUR_MS

    @property
    def store(self) -> ShardStore:
        return self.kept.deliveries


class DeliveryShard:
    """Its calls must not overlap. Nothing can be stored before it is claimed, nor once another has claimed it."""

    def __init__(self, number: int, common: Common):
        self.number, self._epoch = number, 0
        self._common = common
        self._checkpoint = 0
        self._head = Head(0)
        self._marks: dict[bytes, int] = {}
        self.positions: dict[str, int] = {}
        self._webhooks = Webhooks()

    @property
    def queue(self) -> WebhookQueue:
        return self._webhooks.queue

    async def claim(self, is_ours: Callable[[], Awaitable[bool]], clock: Callable[[], int]) -> Sequence[Message]:
        """Own it from now on (`streams.state.claiming`); what was not yet published by whoever had it before."""
        self._epoch, stored = await claim(self._common.store, self.number, is_ours, clock)
        if stored is None:
            self._checkpoint, self._head = 0, Head(clock())
            return []
        self._checkpoint, self.positions = stored.number, stored.positions
        self._head, self._marks = msgspec.json.decode(stored.head, type=Head), stored[MARKS]
        self._webhooks = Webhooks(self._head.queued, stored[WEBHOOKS])
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
        step = Step({user: Recipient.decode(raw[user]) if user in raw else Recipient() for user in users}, raw)
        merging = Merging(step, self._common.commands)
        moved = [each for each in inputs if isinstance(each, Moved)]
        await merging.read(self._common.kept, self.number, moved, [user for user, _ in due])
        for outcome in outcomes:
            self._webhooks.settle(step, outcome)
        for each in inputs:
            self._apply(step, merging, each, now_ms)
        for user, _ in due:
            self._note(step, user, self._decider(step, user).come(come_ms, now_ms))
            merging.leave(user, come_ms)
        self._webhooks.add_messages(step)
        return Checkpoint(
            self._checkpoint + 1,
            msgspec.json.encode(Head(self._head.began_ms, self._webhooks.count + len(step.queued))),
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
                self._webhooks.saved(self._head.queued, write)

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
                case Merged(user) | Moved(user):
                    yield user
                case Send() | Again():
                    yield each.user

    def _apply(self, step: Step, merging: Merging, each: Input, now_ms: int) -> None:
        match each:
            case Noticed(change) if change.subject in step.recipients and not self._is_of_before(step, change):
                self._change(step, each, now_ms)
            case Erasure(subject, until_ms):
                mark = mark_of(subject)
                step.marks[mark] = max(until_ms, step.marks.get(mark, until_ms), self._marks.get(mark, until_ms))
                self._erase(step, subject)
                self._webhooks.forget(step, subject)
            case Send() | Again() if not self._is_refused(step, each.user, each.noticed.change.occurred_at):
                self._command(step, merging, each, now_ms)
            case Merged(user) if not self._is_refused(step, user, each.at_ms):
                merging.hear(each, now_ms)
            case Moved(user) if not self._is_refused(step, user, each.at_ms):
                self._note(step, user, merging.take_in(each, self._decider(step, user), now_ms))

    def _change(self, step: Step, noticed: Noticed, now_ms: int) -> None:
        change = noticed.change
        if change.cause == "erase":
            self._erase(step, change.subject)
        decider = self._decider(step, change.subject)
        is_known_from_before = change.occurred_at <= self._head.began_ms - self._common.live_within_ms
        is_news = bool(noticed.is_live) and not is_known_from_before and decider.recipient.gone_to is None
        if not decider.is_repeat(change) and not is_known_from_before:
            self._webhooks.add_change(step, self._common.messages().endpoints.values(), noticed, now_ms)
        self._note(step, change.subject, decider.change(change, is_news, now_ms))
        if change.cause == "erase":
            step.recipients[change.subject] = Recipient()

    def _command(self, step: Step, merging: Merging, command: Send | Again, now_ms: int) -> None:
        """What is not in the files any more is passed over."""
        messages, change = self._common.messages(), command.noticed.change
        decider = self._decider(step, command.user)
        if (message := messages.by_name.get(command.message)) is not None:
            if isinstance(command, Again) and message.channel == "in_app" and merging.pass_on(command):
                return
            decide = decider.send if isinstance(command, Send) else decider.again
            self._note(step, command.user, decide(message, change, now_ms))
        elif isinstance(command, Again) and (endpoint := messages.endpoints.get(command.endpoint)) is not None:
            self._webhooks.add_again(step, endpoint, command.noticed, now_ms)

    def _is_of_before(self, step: Step, change: Change) -> bool:
        return self._is_refused(step, change.subject, change.occurred_at)

    def _is_refused(self, step: Step, user: str, at_ms: int) -> bool:
        """Whether it is about what a user was before being erased."""
        if not self._marks and not step.marks:
            return False
        mark = mark_of(user)
        until_ms = step.marks.get(mark, self._marks.get(mark))
        return until_ms is not None and at_ms <= until_ms

    def _erase(self, step: Step, user: str) -> None:
        step.erased[user] = None
        step.recipients[user] = Recipient()
        step.feeds = [(other, each) for other, each in step.feeds if other != user]
        step.decisions = [(other, each) for other, each in step.decisions if other != user]

    def _decider(self, step: Step, user: str) -> Decider:
        return Decider(self._common.messages(), user, step.recipients[user], self._common.timezone)

    def _note(self, step: Step, user: str, decisions: Iterator[Decision]) -> None:
        step.decisions += [(user, each) for each in decisions]

    # ------------------------------------------------------------------------------------- what is published

    def _outbox(self, step: Step) -> Iterator[Message]:
        for user, decision in step.decisions:
            if decision.decision == "sent" and decision.channel in ("kafka", LOG):
                topic = LOG if decision.channel == LOG else self._common.segment_messages
                yield Message(topic, user.encode(), encode_message(user, decision))
            if decision.channel == "webhook" and decision.content is not None:
                continue  # it is queued
            yield Message(self._common.deliveries, user.encode(), encode_delivery(user, decision))
        yield from step.told

    # ----------------------------------------------------------------------------------------- what is kept

    def _writes(self, step: Step, now_ms: int) -> Iterator[Write[Any, Any]]:
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
        yield self._webhooks.write(step)
        yield Write(MARKS, list(step.marks.items()))
        yield Write(OUTCOMES, counted(each for _, each in step.decisions))

    @staticmethod
    def _remember(step: Step) -> None:
        """The last decision about each message, for whoever asks why."""
        for user, each in step.decisions:
            if each.message is not None and user in step.recipients and user not in step.erased:
                step.recipients[user].decided[each.message] = Decided(each.decision, each.reason, each.at)

    @staticmethod
    def _feeds(step: Step) -> Write[Any, Any]:
        put = list(step.feeds)
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
