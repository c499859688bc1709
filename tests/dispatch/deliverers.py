"""Shards of deliveries that tell each other of merges, for tests: a shard of each user, on any store, with its topics.

Comes in: what happens, and what crashes. Goes out: what was decided, and what each user's feed has.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, Final

from msgspec.structs import replace

from streams.core.engine.erasure import Erasure
from streams.delivery.decider import SETTLES_MS
from streams.delivery.decision import message_id
from streams.delivery.feed import Mark, Marked
from streams.delivery.message import Messages
from streams.delivery.recipient import Recipient
from streams.dispatch.inputs import Input, decode
from streams.dispatch.merging import KNOWN_AFTER_MS
from streams.dispatch.shard import Common, DeliveryShard
from streams.kafka.group import Record
from streams.kafka.message import Message
from streams.outputs.change import Noticed
from streams.outputs.delivery import DeliveryRecord, decode_delivery
from streams.outputs.membership import encode_segments
from streams.sources.delivery_commands import Merged
from streams.state.format import MEMBERSHIPS, RECIPIENTS
from streams.state.store import Checkpoint, Store, Write
from tests.delivery.histories import change
from tests.dispatch.lives import Crash, is_ours
from tests.state.checkpoints import claimed

SHARDS: Final = {"ann": 0, "bob": 1, "cy": 2}
TOPICS: Final = ("segment-changes", "profile-commands", "delivery-commands")


class Deliverers:
    """A shard of each user, and what stands in their topics. crashed: what happens in each step that is taken."""

    def __init__(
        self, store: Store, book: Messages, crashed: Sequence[Crash] = (), users: Iterable[str] = tuple(SHARDS)
    ):
        self.store, self._crashed = store, iter(crashed)
        self.common = Common(store, lambda: book, "deliveries", "segment-messages", "delivery-commands")
        self.logs: dict[tuple[str, int], list[Input]] = defaultdict(list)
        self.shards: dict[int, DeliveryShard] = {}
        self.decided: dict[tuple[str, str, str, str], DeliveryRecord] = {}
        self._shards = sorted({SHARDS[user] for user in users})
        self._checkpoints = 0

    async def claim(self, number: int) -> None:
        shard = self.shards[number] = DeliveryShard(number, self.common)
        self._publish(await shard.claim(is_ours, lambda: 0))
        await shard.published()

    def _publish(self, outbox: Sequence[Message]) -> None:
        for each in outbox:
            if each.topic == "delivery-commands":
                heard = decode(each.topic, Record(0, each.key, each.value, 0))
                assert heard is not None
                assert each.shard is not None
                self.logs[each.topic, each.shard].append(heard)
            elif each.topic == "deliveries":
                told = decode_delivery(each.value or b"")
                self.decided[told.user_id, told.id, told.decision, told.at] = told

    async def stands(self, user: str, *segments: str) -> None:
        """As the worker has it."""
        if not self._checkpoints:
            for shard in SHARDS.values():
                await claimed(self.store.shards, shard, 1)
        self._checkpoints += 1
        write = Write(MEMBERSHIPS, [(user, encode_segments(dict.fromkeys(segments, (0, 1))))])
        await self.store.shards.save(SHARDS[user], 1, Checkpoint(self._checkpoints, b"", {}, [write]))

    async def tell(self, *inputs: Input) -> None:
        for each in inputs:
            match each:
                case Noticed(made):
                    self.logs["segment-changes", SHARDS[made.subject]].append(each)
                case Erasure(user):
                    self.logs["profile-commands", SHARDS[user]].append(each)
                case Merged(user):
                    self.logs["delivery-commands", SHARDS[user]].append(each)

    async def step(self, number: int, now_ms: int, crash: Crash, without: str = "") -> None:
        """Whoever crashes is there again. without: a topic of which nothing has come yet, so that it is not known what
        changes there are."""
        if number not in self.shards:
            await self.claim(number)
        if not await self._step(self.shards[number], number, now_ms, crash, without):
            await self.claim(number)

    async def _step(self, shard: DeliveryShard, number: int, now_ms: int, crash: Crash, without: str) -> bool:
        """Whether it went all the way."""
        inputs, positions = list[Input](), dict[str, int]()
        for topic in sorted(TOPICS, key=lambda each: each == "segment-changes"):
            log, begin = self.logs[topic, number], shard.positions.get(topic, 0)
            if topic != without and begin < len(log):
                inputs += log[begin:]
                positions[topic] = len(log)
        step = await shard.decide(inputs, positions, 0 if without else now_ms, now_ms)
        if step is None:
            return True
        if crash is Crash.DECIDED:
            return False
        await shard.save(step)
        if crash is Crash.STORED:
            return False
        self._publish(step.outbox)
        if crash is Crash.PUBLISHED:
            return False
        await shard.published()
        return True

    async def run(self, now_ms: int) -> None:
        """Until nobody has anything left to do at that time."""
        for crash in (*islice(self._crashed, 4), *[Crash.NEVER] * 3):
            for number in self._shards:
                without = "segment-changes" if crash is Crash.PUBLISHED else ""
                await self.step(number, now_ms, crash, without)

    async def settle(self, now_ms: int) -> None:
        """And what takes its time after a merge."""
        await self.run(now_ms)
        await self.run(now_ms + KNOWN_AFTER_MS)
        await self.run(now_ms + SETTLES_MS)

    async def merge(self, gone: str, into: str, now_ms: int, *segments: str) -> None:
        """segments: the survivor is in these then."""
        await self.stands(into, *segments)
        await self.tell(Merged(gone, into, SHARDS[into], now_ms))

    async def feed(self, user: str) -> dict[str, dict[Mark, int]]:
        """By id, the marks."""
        found = await self.store.feeds.read(SHARDS[user], user)
        return {name: dict(entry.marks) for name, entry in found.entries.items()}

    async def mark(self, user: str, message: str, mark: Mark, at_ms: int) -> None:
        await self.store.feeds.mark(SHARDS[user], user, [Marked(message, mark, at_ms, "m")])

    async def kept(self, user: str) -> Recipient:
        raw = await self.store.deliveries.get(SHARDS[user], RECIPIENTS, user)
        return Recipient() if raw is None else Recipient.decode(raw)

    def said(self, user: str) -> list[str]:
        return [each.decision for each in self.decided.values() if each.user_id == user]


def came(user: str, segment: str = "a", hour: int = 0, **parts: Any) -> Noticed:
    return Noticed(replace(change(segment, hour=hour, user=user), **parts), True)


def went(user: str, into: str, hour: int) -> Noticed:
    """By the merge."""
    made = change("a", "exited", hour, 2, user)
    return Noticed(replace(made, cause="merge", merged_into=into), False)


def identity(user: str, name: str = "m", hour: int = 0, **parts: Any) -> str:
    return message_id(came(user, hour=hour, **parts).change.id, name, user)


async def delivering(store: Store, *book: Any, **parts: Any) -> Deliverers:
    """To ann and to bob, who both came into `a`."""
    made = Deliverers(store, Messages(book, **parts))
    await made.tell(came("ann"), came("bob"))
    await made.run(0)
    return made
