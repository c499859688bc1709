"""Files into the input topics: what `segmenter publish` runs.

Comes in: JSON Lines files. Goes out: their records, in Kafka; lines that are no record go to `reject`, and what is to
be said while Kafka takes none to `say`.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Iterator, Sequence

from streams.core.events import Reject
from streams.eventfiles.lines import Chunk, LineFile
from streams.eventfiles.rejects import RejectedLine
from streams.kafka.clients import producing
from streams.kafka.errors import outside
from streams.kafka.provisioning import ensure
from streams.kafka.publisher import Outgoing, Publisher
from streams.log import seconds
from streams.settings import Settings
from streams.sources import InputOptions, topic_of
from streams.sources.envelope import NoObject, envelope, with_id
from streams.sources.keying import Keys

MAX_RECORD_BYTES = 2_000_000  # what our topics take, with room for the record's frame
BURSTS_A_SECOND = 20  # with a rate
LOOKS_EVERY_S = 2.0  # why nothing is confirmed
CONFIRMED_WITHIN_S = 10.0  # by a broker that answers
NO_OBJECT = Reject("not_json", "This is not a JSON object.")
TOO_LARGE = Reject("too_large", "This is longer than the 2 MB that a topic takes.")


class Sending:
    """One run of the command. `sent` and `rejected` count as it goes; `rate` is in records a second.

    without_id: how many were sent that cannot be told from a repeat. makes_ids: whether such ones get an id.
    progress: called whenever some of a file has been sent.
    """

    def __init__(
        self,
        settings: Settings,
        progress: Callable[[], object],
        reject: Callable[[RejectedLine], object],
        say: Callable[[str], object],
        rate: float | None = None,
        *,
        makes_ids: bool = False,
    ):
        self._settings = settings
        self._keys = Keys(InputOptions.of(settings))
        self._progress = progress
        self._tell = reject
        self._say = say
        self._rate = rate
        self._makes_ids = makes_ids
        self._started_s = time.monotonic()
        self.sent = 0
        self.rejected = 0
        self.without_id = 0

    @property
    def took_s(self) -> float:
        return time.monotonic() - self._started_s

    async def send(self, files: Sequence[LineFile]) -> None:
        partitions = {finding.topic: finding.partitions for finding in await ensure(self._settings)}
        async with producing(self._settings) as producer:
            publisher = Publisher(producer, partitions, self._settings.partitioner)
            for file in files:
                for records in self._bursts(file):
                    await self._confirmed(publisher, records)
                    self.sent += len(records)
                    self._progress()
                    await self._pace()

    async def _confirmed(self, publisher: Publisher, records: Sequence[Outgoing]) -> None:
        """Send them, and wait until Kafka has them; nothing may wait while a pipe has no more to read."""
        since, said = time.monotonic(), False
        sending = asyncio.create_task(_send(publisher, records))
        try:
            while not (await asyncio.wait([sending], timeout=LOOKS_EVERY_S))[0]:
                away = await outside(self._settings)
                if not said and (away or time.monotonic() - since > CONFIRMED_WITHIN_S):
                    why = away or f"Kafka at {self._settings.kafka} does not confirm what is sent to it"
                    self._say(f"{why}. It is tried again until it does; Ctrl-C stops.")
                    said = True
            await sending
        finally:
            sending.cancel()
        if said:
            self._say(f"Kafka answers again, after {seconds(since)}.")

    def _bursts(self, file: LineFile) -> Iterator[list[Outgoing]]:
        """The records of a file, as many at a time as should be on the way together."""
        size = max(1, int(self._rate / BURSTS_A_SECOND)) if self._rate else sys.maxsize
        while (chunk := file.read()).lines:
            records = self._records(file, chunk)
            for start in range(0, len(records), size):
                yield records[start : start + size]

    def _records(self, file: LineFile, chunk: Chunk) -> list[Outgoing]:
        records: list[Outgoing] = []
        for number, line in chunk:
            try:
                found = envelope(line)
            except NoObject:
                self._reject(RejectedLine(file.name, number, line, NO_OBJECT))
                continue
            if len(line) > MAX_RECORD_BYTES:
                self._reject(RejectedLine(file.name, number, line, TOO_LARGE))
                continue
            if not found.can_be_told_from_a_repeat:
                self.without_id += not self._makes_ids
                line = with_id(line) if self._makes_ids else line
            records.append(Outgoing(self._settings.topic(topic_of(found).name), self._keys.of(found, line), line))
        return records

    def _reject(self, rejected: RejectedLine) -> None:
        self.rejected += 1
        self._tell(rejected)

    async def _pace(self) -> None:
        if self._rate:
            await asyncio.sleep(self.sent / self._rate - self.took_s)


async def _send(publisher: Publisher, records: Sequence[Outgoing]) -> None:
    await publisher.publish(records)
    await publisher.flush()
