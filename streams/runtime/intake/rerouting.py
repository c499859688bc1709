"""What shards send each other: records that came to a partition which is not their user's; and what the homes of users
and aliases tell each other (`streams.core.identities`).

Comes in: a record, or what is told, and the shard that it belongs to; what fetches of `rerouted-events` bring. Goes
out: a message for the outbox; the record again, as it was where it came from; whether it has been there before.

A shard that finds a foreign record sends it on in the checkpoint that passes it. It may do so twice: after a crash, or
when a lost state is made anew. So the home shard keeps how far it has applied what each partition sent on, and passes
over what it has had. A partition's records come in their order, so each user's events of one producer stay in theirs
(docs/semantics.md#whose-record-it-is).
"""

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import msgspec
from faust.types import TP

from streams.core.events import Event, Reject
from streams.core.identities import kept
from streams.core.links import Place
from streams.core.merges import Moved
from streams.kafka.message import Message
from streams.runtime.transport.fetching import FetchedRecord

FROM: Final = ("topic", "partition", "offset", "timestamp")
DIGITS: Final = 19  # of any number that Kafka has
NO_TIME: Final = "-1"  # as Kafka has it
TOLD: Final = "told"  # the header of what a home is told: its turn
BY_ITS_TIME: Final = b"1"  # in its place, as it was before turns were told
BETWEEN: Final = "/"  # topic and partition; no topic's name has it


NOT_OURS: Final = Reject("not_rerouted", "only workers write to this topic; send records to the topic of their kind")


@dataclass(frozen=True, slots=True)
class Rerouted:
    """A record as it was where it came from. `timestamp` is its own time there, ms; None where it had none."""

    tp: TP
    offset: int
    timestamp: int | None
    key: bytes | None
    value: bytes | None

    @property
    def source(self) -> str:
        return source_of(self.tp)

    @property
    def place(self) -> Place:
        return Place(self.source, self.offset)


class Told(NamedTuple):
    """turn: when it is to be heard, as `Batch` has it."""

    event: Event
    turn: int


def source_of(tp: TP) -> str:
    return f"{tp.topic}{BETWEEN}{tp.partition}"


def send_home(tp: TP, record: FetchedRecord, topic: str, shard: int) -> Message:
    """A record read from `tp` as `topic`, the one of rerouted events, has it for a shard."""
    has_time = record.timestamp is not None and record.timestamp >= 0
    said = (tp.topic, tp.partition, record.offset, record.timestamp if has_time else NO_TIME)
    headers = tuple((name, str(each).encode()) for name, each in zip(FROM, said, strict=True))
    return Message(topic, record.key or b"", record.value, headers, shard)


def tell(event: Event, turn: int, topic: str, shard: int) -> Message:
    """What the home of a user or an alias is to hear, to be published in `topic`."""
    return Message(topic, event.subject.encode(), kept.encode(event), ((TOLD, str(turn).encode()),), shard)


def moved_by(message: Message) -> Moved | None:
    """The profile that a message tells of, where it tells of one."""
    if not any(name == TOLD for name, _ in message.headers):
        return None
    identity = kept.decode(message.value or b"").identity
    return identity if isinstance(identity, Moved) else None


def read(record: FetchedRecord, inputs: Collection[str]) -> Rerouted | Told | Reject:
    """A record of the topic of rerouted events as it was in one of the `inputs`; or what another home told."""
    for name, value in record.headers:
        if name == TOLD:
            return _read_told(record, value or b"")
    # A header of another program may have no value.
    said = {name: (value or b"").decode(errors="replace") for name, value in record.headers if name in FROM}
    topic, *numbers, time = (said.get(name, "") for name in FROM)
    if time != NO_TIME:
        numbers.append(time)
    if topic not in inputs or not all(number.isdecimal() and len(number) <= DIGITS for number in numbers):
        return NOT_OURS
    partition, offset, *timestamps = map(int, numbers)
    return Rerouted(TP(topic, partition), offset, timestamps[0] if timestamps else None, record.key, record.value)


def _read_told(record: FetchedRecord, turn: bytes) -> Told | Reject:
    try:
        event = kept.decode(record.value or b"")
        return Told(event, event.ts if turn == BY_ITS_TIME else int(turn))
    except (msgspec.MsgspecError, ValueError):
        return NOT_OURS


class Received:
    """How far each source's rerouted records have been received, and how far applied.

    applied: `<topic>/<partition>` -> the next offset to apply, as the state keeps it.
    """

    def __init__(self, applied: Mapping[str, int]):
        self._applied = {source: offset for source, offset in applied.items() if BETWEEN in source}
        self._received = dict(self._applied)
        self._on_the_way: deque[tuple[int, str, int]] = deque()

    def is_repeat(self, record: Rerouted) -> bool:
        return record.offset < self._received.get(record.source, 0)

    def receive(self, offset: int, record: Rerouted) -> None:
        """A record that has not been received before, which stands at `offset` of the topic of rerouted events."""
        self._received[record.source] = record.offset + 1
        self._on_the_way.append((offset, record.source, record.offset + 1))

    def applied(self, position: int) -> Mapping[str, int]:
        """The same once all up to `position` of the topic of rerouted events has been applied."""
        while self._on_the_way and self._on_the_way[0][0] < position:
            _, source, next_offset = self._on_the_way.popleft()
            self._applied[source] = next_offset
        return self._applied
