"""The topics of what a shard says, and what stands on them, for tests."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

from faust.types import TP

from streams.core.engine.decoding import Memberships
from streams.core.instants import format_time
from streams.kafka.message import Headers, Message
from streams.outputs.membership import encode_segments
from streams.outputs.messages import Outputs
from streams.runtime.checkpoints.published import Known, Published, read_published
from streams.settings import Settings

CHANGES, MEMBERSHIPS = TP("segment-changes", 2), TP("segment-memberships", 2)
OURS = Outputs(Settings(group="ours"))


class Stands(NamedTuple):
    """One record."""

    key: bytes | None
    value: bytes | None
    headers: Headers


class Topics:
    """`begins`: the first offset of the topic of changes that Kafka still has."""

    def __init__(self, changes: Sequence[Message], memberships: Sequence[Message] = (), begins: int = 0):
        self._stands = {CHANGES: changes, MEMBERSHIPS: memberships}
        self._begins = begins

    @asynccontextmanager
    async def reading_back(self, tp: TP) -> AsyncIterator[tuple[int, AsyncIterator[Sequence[Known]]]]:
        async def batches() -> AsyncIterator[Sequence[Known]]:
            for each in self._stands[tp][self._begins if tp == CHANGES else 0 :]:
                yield [Stands(each.key or None, each.value, each.headers)]

        yield self._begins, batches()

    async def read(self) -> Published:
        return await read_published(self, CHANGES, MEMBERSHIPS, OURS.source)


def membership(user: str, segments: Memberships, at: int, version: int = 1) -> Message:
    return OURS.memberships(user, encode_segments(segments), format_time(at), version)
