"""What becomes of a subject if nothing happens: the engine itself, let run ahead on a copy of one profile.

Comes in: a shard, a subject and an instant (ms). Goes out: the changes that time alone brings until then. The shard
stays as it is. Edges of scores are taken to stay where they are: where others go, no profile knows.

>>> from streams.core.language.parser import parse_condition
>>> from streams.core.rules.rulebook import Rulebook, Segment
>>> from streams.testing import decoded, instant, track
>>> rules = Rulebook((Segment("quiet", parse_condition("idle_days >= 7")),))
>>> shard = Shard(rules)
>>> shard.step(decoded(rules, [track("ann", "Signed In", "2026-03-01 09:00")]))
[]
>>> [change] = forecast(shard, "ann", instant("2027-01-01"))
>>> change.type, change.occurred_at == instant("2026-03-08 09:00")
('segment.entered', True)
"""

import numpy as np
from msgspec.structs import replace

from streams.core.changes import Change
from streams.core.engine.shard import Shard
from streams.core.kernel.layout import CLOCK, NEVER
from streams.core.profiles.snapshot import Head, write_rows
from streams.core.rules.rulebook import Rulebook


def forecast(shard: Shard, subject: str, until_ms: int) -> list[Change]:
    """The changes of a subject up to `until_ms`, in order, if no event of theirs comes before."""
    return alone(shard, subject, shard.catalog.rulebook).tick(until_ms)


def alone(shard: Shard, subject: str, rulebook: Rulebook) -> Shard:
    """A copy of one profile in a shard of its own, evaluated under other rules if need be.

    It stands where the profile's clock does, so that what time has flipped since then can be seen to flip. Not so with
    quintiles: only the newest edges are known, so that what was scored by earlier ones cannot be gone through again.
    """
    table, head = shard.table, Head.decode(shard.head())
    row = table.row_of(subject)
    (packed,) = write_rows(table, np.array([row]), shard.catalog.kept, head.current)
    if not rulebook.by_quintiles:
        head = replace(head, time_ms=NEVER)
    copy = Shard.restore(
        rulebook,
        head.encode(),
        [(subject, packed)],
        {subject: table.stored_document(row)},
        shard.calendar,
        shard.private_traits,
        remembered_ids=shard.catalog.remembered_ids,
    )
    while copy.is_stale:
        copy.migrate()
    return copy


def clock(shard: Shard, subject: str) -> int:
    """The time (ms) of the newest event or change of a subject that the shard knows of."""
    return int(shard.table.memory.words[shard.table.row_of(subject), CLOCK])
