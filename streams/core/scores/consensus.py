"""How the workers of a group come to the same quintile edges.

Comes in: what each shard last told of its profiles, the edges agreed on so far, and the time (ms). Goes out: the edges
to agree on next, or None while there is something to wait for.

A shard tells of its profiles whenever its time has come to a multiple of `refresh`; and while there are no edges at
all, as soon as it has caught up, so that nobody waits for an hour for the first scores. Once all have told, the edges
can be made. One that is far behind, or that nobody works on, is not waited for longer than `GRACE_MS`: it is then
counted in with what it told last. Users are spread over shards by chance, so that little is lost by it.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from streams.core.rules.rulebook import Scores
from streams.core.scores.quintiles import Populations, Quintiles

# After the first shard told. Longer than it takes to find that a worker died and to load its shards elsewhere.
GRACE_MS: Final = 60_000


class Report(msgspec.Struct, frozen=True):
    """What one shard told of its profiles.

    version: of the scores rule. at_ms: the instant as of which they were measured. told_ms: when it was told.
    """

    version: str
    at_ms: int
    told_ms: int
    populations: Populations

    def encode(self) -> bytes:
        return msgspec.msgpack.encode(self)

    @classmethod
    def decode(cls, raw: bytes) -> "Report":
        return msgspec.msgpack.decode(raw, type=cls)


def newest_refresh(rule: Scores, time_ms: int) -> int:
    """The newest multiple of `refresh` that time has come to."""
    return time_ms // rule.refresh_ms * rule.refresh_ms


def measure_at(rule: Scores, agreed: Quintiles | None, told_ms: int, settled_ms: int) -> int | None:
    """As of which instant a shard is to be measured now, if at all.

    told_ms: as of when it was last; 0 if never. settled_ms: how far its time has come.
    """
    refresh_ms = newest_refresh(rule, settled_ms)
    if agreed is None:
        # The multiple may be long ago, and profiles have moved on from it, each to another instant.
        return settled_ms if refresh_ms > told_ms else None
    return refresh_ms if refresh_ms > max(told_ms, agreed.at_ms) else None


def next_edges(
    rule: Scores, agreed: Quintiles | None, reports: Mapping[int, Report], shards: int, now_ms: int
) -> Quintiles | None:
    """`shards`: how many there are, each with a report or not yet."""
    told = [report for report in reports.values() if report.version == rule.version]
    refresh_ms = max((newest_refresh(rule, report.at_ms) for report in told), default=0)
    if refresh_ms <= (agreed.at_ms if agreed is not None else 0):
        return None
    newest = [report for report in told if report.at_ms >= refresh_ms]
    if len(newest) < shards and now_ms < min(report.told_ms for report in newest) + GRACE_MS:
        return None
    # All that told have come so far.
    at_ms = min(report.at_ms for report in newest)
    everybody = Populations.merged([report.populations for report in told])
    if agreed is not None:
        return agreed.refreshed(at_ms, everybody)
    # Without profiles there are no edges: the first ones there would all be the best.
    return Quintiles.first(rule.name, at_ms, everybody) if everybody.f.size else None
