"""The engine warmed up: every part of it is called once, on profiles that nobody sees.

Comes in: nothing. Goes out: nothing; numba has met each function with the arrays that it will be given. The engine is
the same code for all rules, so these two will do.
"""

import numpy as np

from streams.core.batch import Batch
from streams.core.engine.erasure import Erasure
from streams.core.engine.shard import Shard
from streams.core.events import Event
from streams.core.instants import DAY_MS
from streams.core.kernel.json_ids import hash_of, hashes_of_members
from streams.core.kernel.murmur2 import murmur2
from streams.core.profiles.index import encoded
from streams.core.rules.nodes import Compare, Constant, Elapsed, IdleSince
from streams.core.rules.rulebook import Rulebook, Segment

QUIET = Compare(">=", Elapsed(IdleSince(), float(DAY_MS)), Constant(7.0), "idle_days >= 7")
CROWD = 100  # more than there is room for at first
SOMETHING = [Event(f"user-{i}", 0, "Signed In", True, message_id="1", properties={}, traits={}) for i in range(CROWD)]


def warm_up() -> None:
    """Step, tick, store, load, go on under other rules, erase, find partitions, and who records are about."""
    shard = Shard(_rules("then"))
    shard.step(Batch.of(SOMETHING))
    shard.tick(8 * DAY_MS)
    stored = shard.take_dirty()
    later = Shard.restore(_rules("now"), shard.head(), stored.rows, dict(stored.documents))
    later.migrate()
    later.erase([Erasure(SOMETHING[0].subject, 0)])
    murmur2(*encoded([event.subject for event in SOMETHING]))
    raw = np.frombuffer(b'{"userId":"ann"}', np.uint8)
    hashes_of_members(raw, np.array([0]), np.array([len(raw)]), ["userId"])
    hash_of("ann")


def _rules(name: str) -> Rulebook:
    return Rulebook((Segment(name, QUIET),))
