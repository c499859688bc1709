"""What backtests found, which names some users, while it is kept for all who look: and who of them was erased since.

Comes in: a `Report`, Redis. Goes out: its bytes; or a report without those who were erased.
"""

import zlib
from collections.abc import Collection, Iterator

import msgspec

from streams.backtest.report import Differs, Report
from streams.core.engine.erasure import mark_of
from streams.kafka.partitioning import homes
from streams.settings import Settings
from streams.state.format import MARKS, REPORTS, SETTLED
from streams.state.store import GroupStore, Store


def packed(report: Report) -> bytes:
    return zlib.compress(msgspec.json.encode(report))


def unpacked(raw: bytes) -> Report:
    return msgspec.json.decode(zlib.decompress(raw), type=Report)


async def erased_since(store: Store, settings: Settings, report: Report, since_ms: int) -> frozenset[str]:
    """Those whom it names and who were erased then or later; nobody where no worker has ever run."""
    gone = set()
    partitions = int(await store.group.get(SETTLED, "partitions") or 0)
    for user in {each.user_id for differs in _differences(report) for each in (*differs.entering, *differs.leaving)}:
        for shard in homes(user, partitions, settings.partitioner) if partitions else ():
            mark_ms = await store.shards.get(shard, MARKS, mark_of(user))
            if mark_ms is not None and mark_ms >= since_ms:
                gone.add(user)
    return frozenset(gone)


def take_out(report: Report, users: Collection[str]) -> bool:
    """Whether it named any of them; it does not any more. How many would enter and leave stays as it was."""
    was = msgspec.json.encode(report)
    for differs in _differences(report):
        differs.entering = [each for each in differs.entering if each.user_id not in users]
        differs.leaving = [each for each in differs.leaving if each.user_id not in users]
    return msgspec.json.encode(report) != was


async def take_out_of_all(group: GroupStore, users: Collection[str]) -> int:
    """Of those in Redis; of how many."""
    numbers = await group.read(REPORTS)
    return sum([await _take_out_of(group, number, users) for number in numbers])


async def _take_out_of(group: GroupStore, number: int, users: Collection[str]) -> bool:
    """Again where somebody else was quicker to take out others."""
    while (was := await group.get(REPORTS, number)) is not None:
        report = unpacked(was)
        if not take_out(report, users):
            break
        if await group.replace(REPORTS, number, was, packed(report)) == was:
            return True
    return False


def _differences(report: Report) -> Iterator[Differs]:
    return (segment.now for segment in report.segments if segment.now is not None)
