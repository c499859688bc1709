"""The newest records of a topic, in memory: what goes on, for whoever looks.

Comes in: a topic. Goes out: what was read of each record, by the record's own id, the newest last; and that there is
something new. A look back when it begins, and from then on as it comes; what is older is for Kafka's consumers.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

from streams.errors import SegmenterError
from streams.kafka.batches.record import Record
from streams.kafka.clients import following
from streams.log import log
from streams.settings import Settings

TRIES_AGAIN_AFTER_S: Final = 2.0

Shown = TypeVar("Shown")


class Tail(Generic[Shown]):
    """read: the id and what is shown of a record; None where it is none of ours. away: why nothing comes just now."""

    def __init__(
        self, settings: Settings, topic: str, most: int, read: Callable[[Record, Settings], tuple[str, Shown] | None]
    ):
        self.away: str | None = None
        self.count = 0  # of all that came
        self._settings = settings
        self._topic = topic
        self._most = most
        self._read = read
        self._kept: dict[str, Shown] = {}
        self._news = asyncio.Event()

    @property
    def newest(self) -> Sequence[Shown]:
        """The newest first."""
        return list(reversed(self._kept.values()))

    @property
    def news(self) -> asyncio.Event:
        """Set as soon as something comes, or it is away or back again; what comes after that sets the next one."""
        return self._news

    async def follow(self) -> None:
        while True:
            try:
                async with following(self._settings, self._settings.topic(self._topic), self._most) as batches:
                    self._say(None)
                    async for records in batches:
                        self.take(records)
            except SegmenterError as error:
                self._say(str(error))
                await asyncio.sleep(TRIES_AGAIN_AFTER_S)

    def take(self, records: Sequence[Record]) -> None:
        for record in records:
            found = self._read(record, self._settings)
            if found is not None and found[0] not in self._kept:
                self._kept[found[0]] = found[1]
                self.count += 1
        while len(self._kept) > self._most:
            del self._kept[next(iter(self._kept))]
        if records:
            self._tell()

    def _say(self, away: str | None) -> None:
        if away != self.away:
            log.warning("window - %s", away or f"topic {self._topic} is followed")
            self.away = away
            self._tell()

    def _tell(self) -> None:
        """All who have asked for the news until now; who asks later is told of the next."""
        self._news.set()
        self._news = asyncio.Event()
