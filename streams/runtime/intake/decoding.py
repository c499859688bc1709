"""Records of a shard's inputs to events, each decoded for itself where we fail at one.

Comes in: records of a topic. Goes out: of each what it means, in their order. What bears a user who is another by now,
or may be one soon, is read whole, as what waits under an alias is: it is passed on, and once it is, other rules may be
there.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from typing import Final, TypeVar

from msgspec.structs import replace

from streams.core.events import Decoded, Event, Reject
from streams.errors import origin
from streams.runtime.worker import Worker
from streams.sources import Record
from streams.sources.inputs import InputDecoder

Read = TypeVar("Read")
NOBODY: Final[Collection[Collection[str]]] = ()


class Decoding:
    """Of one shard. moving: users who are others by now, or about whom that is asked; whoever knows them puts them
    here."""

    def __init__(self, worker: Worker):
        self._of = {worker.settings.topic(name): each for name, each in worker.decoder.of.items()}
        self.moving = NOBODY

    def __iter__(self) -> Iterator[str]:
        return iter(self._of)

    def __contains__(self, topic: object) -> bool:
        return topic in self._of

    def __len__(self) -> int:
        return len(self._of)

    def all(self, topic: str, records: Sequence[Record]) -> Sequence[Decoded]:
        """What each record is. Where we fail at one, the others are none the worse for it."""
        try:
            return self._decoded(topic, records)
        except Exception:  # noqa: BLE001 - told below, of the record that it is about
            return [unless_we_fail(partial(self.one, topic, record)) for record in records]

    def one(self, topic: str, record: Record) -> Decoded:
        [decoded] = self._decoded(topic, [record])
        return decoded

    def _decoded(self, topic: str, records: Sequence[Record]) -> Sequence[Decoded]:
        decoder = self._of[topic]
        found = decoder.decode_all(records)
        for users in filter(None, self.moving):
            for at, one in enumerate(found):
                if isinstance(one, Event) and one.unread_context is None and one.subject in users:
                    found[at] = _whole(decoder, records[at])
        return found


def _whole(decoder: InputDecoder, record: Record) -> Decoded:
    """With a context, be it empty: by that it is known."""
    one = decoder.decode(record.value, record.key, record.timestamp, whole=True)
    return replace(one, unread_context={}) if isinstance(one, Event) and one.unread_context is None else one


def unless_we_fail(read: Callable[[], Read]) -> Read | Reject:
    """What was read of a record, or that we could not, by a fault of ours."""
    try:
        return read()
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not hold up all that stands behind
        return Reject("internal_error", f"segmenter itself failed at it, please report this: {origin(error)}")
