"""A history out of the input topics, put into files that several processes can read.

Comes in: Kafka, and a folder. Goes out: a file of each partition, and who was erased.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from streams.backtest.records import SUFFIX, TOPICS, Framed, write
from streams.core.engine.erasure import Erasure
from streams.kafka.batches.record import Record
from streams.kafka.clients import reading_back
from streams.kafka.errors import in_our_words, no_topic
from streams.kafka.provisioning import existing
from streams.settings import Settings
from streams.sources import profile_commands
from streams.topics import PROFILE_COMMANDS


class FromTopics(NamedTuple):
    """files: of each topic its partitions. erased: by user, up to when (ms). lost: topics of which the beginning is not
    there any more."""

    files: tuple[str, ...]
    erased: dict[str, int]
    lost: tuple[str, ...]


Progress = Callable[[int, int], object]
"""Told how many partitions have been read, and of how many, now and then; what it raises ends the reading."""


def untold(_: int, __: int) -> None:
    """Nobody looks."""


async def fetch(settings: Settings, folder: Path, progress: Progress = untold) -> FromTopics:
    """All records that stand there now."""
    counts = await existing(settings)
    names = {place: settings.topic(topic.name) for place, topic in enumerate(TOPICS)}
    if missing := [name for name in names.values() if name not in counts]:
        raise no_topic(settings, missing[0])
    partitions = sum(counts[name] for name in names.values())
    files: list[str] = []
    erased: dict[str, int] = {}
    lost: dict[str, None] = {}
    for place, name in names.items():
        for partition in range(counts[name]):
            path = folder / f"{name}, partition {partition}{SUFFIX}"
            async with in_our_words(settings), reading_back(settings, name, partition) as (begin, batches):
                if begin > 0 and TOPICS[place] is not PROFILE_COMMANDS:
                    lost[name] = None
                with path.open("wb") as file:
                    async for records in batches:
                        progress(len(files), partitions)
                        for record in records:
                            write(file, Framed(place, record.timestamp, record.key, record.value, record.offset))
                        if TOPICS[place] is PROFILE_COMMANDS:
                            _note(records, erased)
            files.append(str(path))
    return FromTopics(tuple(files), erased, tuple(lost))


def _note(records: Sequence[Record], erased: dict[str, int]) -> None:
    for record in records:
        command = profile_commands.decode(record.value, record.key, record.timestamp)
        if isinstance(command, Erasure):
            erased[command.subject] = max(command.ts, erased.get(command.subject, command.ts))
