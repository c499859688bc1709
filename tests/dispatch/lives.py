"""Lives of one shard of deliveries, for tests: whoever owns it now, where the process dies, and what it publishes."""

from collections import Counter
from collections.abc import Sequence
from enum import Enum
from typing import Any

from hypothesis import strategies as st

from streams.delivery.feed import FeedMessage
from streams.delivery.message import Messages
from streams.delivery.recipient import Recipient
from streams.dispatch.inputs import Input
from streams.dispatch.shard import Common, DeliveryShard
from streams.kafka.message import Message
from streams.outputs.delivery import decode_delivery
from streams.state.format import RECIPIENTS
from streams.state.store import Store

Decided = tuple[str, str, str, str]


class Crash(Enum):
    """Where the process dies in a step."""

    DECIDED = "decided, and not stored"
    STORED = "stored, and not published"
    PUBLISHED = "published, and not noted"
    NEVER = "not at all"


async def is_ours() -> bool:
    """As Kafka says."""
    return True


class Life:
    """One shard, whoever owns it now, and what it publishes. The next owner goes on from where the state is."""

    def __init__(self, store: Store, book: Messages, **common: Any):
        self.store = store
        self.common = Common(store, lambda: book, "deliveries", "segment-messages", "delivery-commands", **common)
        self.published: list[Message] = []

    async def begin(self, now_ms: int = 0) -> None:
        self.shard = DeliveryShard(0, self.common)
        self.published += await self.shard.claim(is_ours, lambda: now_ms)
        await self.shard.published()

    async def read(self, log: Sequence[Input], to: int, now_ms: int, crash: Crash = Crash.NEVER) -> None:
        """Apply the log's records up to an offset, from where the state is."""
        begin = self.shard.positions.get("segment-changes", 0)
        step = await self.shard.decide(log[begin:to], {"segment-changes": max(begin, to)}, now_ms, now_ms)
        if crash is Crash.DECIDED:
            return await self.begin()
        if step is not None:
            await self.shard.save(step)
            if crash is Crash.STORED:
                return await self.begin()
            self.published += step.outbox
        if crash is Crash.PUBLISHED:
            return await self.begin()
        return await self.shard.published()

    def decisions(self) -> Counter[Decided]:
        records = [decode_delivery(each.value or b"") for each in self.published if each.topic == "deliveries"]
        return Counter((each.user_id, each.id, each.decision, each.at) for each in records)

    async def why(self, user: str = "ann") -> dict[str, str]:
        """What was decided last, by message."""
        raw = await self.store.deliveries.get(0, RECIPIENTS, user)
        return {} if raw is None else {name: each.decision for name, each in Recipient.decode(raw).decided.items()}

    async def feed(self, user: str = "ann") -> dict[str, FeedMessage]:
        found = (await self.store.feeds.read(0, user)).entries
        return {name: FeedMessage.decode(each.message) for name, each in found.items()}


crashes = st.lists(st.sampled_from(Crash), max_size=30)
