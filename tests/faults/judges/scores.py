"""Scores by quintiles. Which edges are agreed on depends on when faults fall, so that no replay of the stream can be
the judge of every change. What must hold whatever they were, beside that changes follow one another:

- each leads to the level that its own scores say, by the grid of the oracle, and to none for whoever was erased;
- nobody's scores are taken away: whoever bought something once has them from then on;
- in the end all shards score by the edges that the group agreed on, as far as that makes a difference to anybody of
  theirs, and these put everybody where she is.
"""

from collections.abc import Sequence
from typing import Any

from streams.core.engine.shard import Shard
from streams.core.rules.rulebook import Rulebook
from streams.core.scores.quintiles import Quintiles
from streams.testing import decoded
from tests.e2e.pipeline import PARTITIONS
from tests.faults.judges.verdict import Verdict
from tests.faults.stream import SCORES, Change, Wanted, Where
from tests.faults.told import Told
from tests.oracle.scoring import GRID


def judge_edges(verdict: Verdict, told: Told, wanted: Wanted, rulebook: Rulebook) -> Where:
    """Where the edges that the group agreed on put everybody who bought something, by the engine alone. A shard may
    have others written down: it writes new ones with whom they move, and they may move nobody of its own."""
    if told.agreed is None or len(told.edges) != PARTITIONS:
        verdict.blame("shards that know no edges", (told.agreed, told.edges))
    if told.agreed is None:
        return {}
    put = where_put(rulebook, wanted, told.agreed)
    for shard, edges in told.edges.items():
        here = where_put(rulebook, wanted, edges) if edges.edges != told.agreed.edges else put
        for user in told.at_home[shard]:
            if here.get(user) != put.get(user):
                verdict.blame("users whose shard scores by other edges", (user, edges, told.agreed))
    return put


def where_put(rulebook: Rulebook, wanted: Wanted, quintiles: Quintiles) -> Where:
    alone = Shard(rulebook)
    alone.step(decoded(rulebook, wanted.scored))
    alone.set_edges(quintiles)
    alone.tick(max(quintiles.at_ms, wanted.ends_ms))
    return {user: set(alone.memberships(user)) for user in alone.table.subjects}


def judge_levels(verdict: Verdict, changes: Sequence[Change], wanted: Wanted) -> None:
    scored = [change for change in changes if change["rule"] == SCORES]
    for change in scored:
        if change["type"] == "segment.exited" and change["user_id"] not in wanted.erased:
            verdict.blame("scores that were taken away", change)
        if change["because"] and change["segment"] != level_of(change["because"]):
            verdict.blame("levels that are not those of their scores", change)
    verdict.counts["of scores"] = len(scored)


def level_of(because: Sequence[dict[str, Any]]) -> str:
    """What the grid says of the scores for which a change happened."""
    r, f = (next(one["value"] for one in because if one["condition"].startswith(f"{SCORES}.{part} ")) for part in "rf")
    return f"{SCORES}/{GRID[5 - r][f - 1]}"
