"""How far a past can be made: as far as the topics reach back of which it is made.

Comes in: Kafka, by the settings; of shards under rules that await their past the heads. Goes out: a `Reach`; and the
heads as they will be once it is made.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from streams.core.engine.past import begun
from streams.core.kernel.layout import NEVER
from streams.core.profiles.snapshot import Head
from streams.errors import SegmenterError
from streams.kafka.beginnings import reach_back
from streams.settings import Settings
from streams.topics import READ_BY_WORKERS

WITHIN_S: Final = 10.0


class Reach(NamedTuple):
    """topics: of those that do not begin where they began, from when on (ms) their records are there; None where none
    is. unknown: why nobody can say, in words; empty where it is known."""

    topics: Mapping[str, int | None] = {}
    unknown: str = ""

    def since_ms(self, now_ms: int) -> int:
        """From when on all of them have everything; `NEVER` where that is from the beginning."""
        return max((now_ms if at is None else at for at in self.topics.values()), default=NEVER)


HowFar = Callable[[], Awaitable[Reach]]


async def how_far(settings: Settings) -> Reach:
    try:
        async with asyncio.timeout(WITHIN_S):
            return Reach(await reach_back(settings, [settings.topic(each.name) for each in READ_BY_WORKERS]))
    except SegmenterError as error:
        return Reach(unknown=str(error).splitlines()[0])
    except TimeoutError:
        return Reach(unknown=f"Kafka did not say within {WITHIN_S:.0f} s")


def with_past(heads: Sequence[Head], lacked: Collection[str], reach: Reach, now_ms: int) -> list[Head]:
    """The heads as they will be once the past is made. lacked: the fields that were not kept."""
    return [_with_past(head, lacked, max(begun(head), reach.since_ms(now_ms))) for head in heads]


def _with_past(head: Head, lacked: Collection[str], since_ms: int) -> Head:
    since = {name: min(at, since_ms) if name in lacked else at for name, at in head.kept_since.items()}
    return replace(head, kept_since={name: at for name, at in since.items() if at != NEVER})
