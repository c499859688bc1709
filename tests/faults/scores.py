"""Scores by quintiles under faults. Which edges are agreed on depends on when faults fall, so that no replay of the
stream can be the judge of every change. What must hold whatever they were:

- a user's changes follow one another: ordinals without a gap, each from the level that the one before led to. Where
  Redis has lost something they go on from a change of before, as edges may be agreed on anew;
- each change leads to the level that its own scores say, by the grid of the oracle; whoever bought something once has
  scores from then on;
- in the end the edges of every shard put everybody where those do that the group agreed on, and there everybody is: by
  her last change here, and by the memberships and the read model, which are judged with all others.

Comes in: a group, what stands on `segment-changes`, and the stream. Goes out: what is wrong of it, with
an example of each; and where everybody must be in the end.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from streams.core.engine.shard import Shard
from streams.core.profiles.snapshot import Head
from streams.core.rules.rulebook import Rulebook
from streams.core.scores.edges import EdgesSince
from streams.core.scores.quintiles import Quintiles
from streams.state.format import QUINTILES
from streams.state.opening import opened_store
from streams.testing import decoded
from tests.e2e.pipeline import PARTITIONS, Pipeline, Seen
from tests.faults.stream import SCORES, Stream
from tests.oracle.scoring import GRID

NOWHERE: Final = (0, None)

Where = Mapping[str, set[str]]
Blame = Callable[[str, Any], None]


async def standing(group: Pipeline, stream: Stream) -> Where | None:
    """Where the edges that the group agreed on put everybody who bought something, by the engine alone. None as long as
    those of some shard put anybody elsewhere, or there are none."""
    async with opened_store(group.settings) as store:
        agreed = [Quintiles.decode(raw) for raw in (await store.group.read(QUINTILES)).values()]
        heads = [Head.decode(shard.head) for shard in (await store.shards.all()).values()]
    held = [EdgesSince.decode(head.edges[SCORES]).newest for head in heads if SCORES in head.edges]
    put = [_put(group.rulebook, stream, quintiles) for quintiles in (*agreed, *held)]
    return put[0] if len(agreed) == 1 and len(held) == PARTITIONS and put == [put[0]] * len(put) else None


def _put(rulebook: Rulebook, stream: Stream, quintiles: Quintiles) -> Where:
    alone = Shard(rulebook)
    alone.step(decoded(rulebook, stream.scored))
    alone.set_edges(quintiles)
    alone.tick(max(quintiles.at_ms, stream.ends_ms))
    return {user: set(alone.memberships(user)) for user in alone.table.subjects}


def last_told(seen: Sequence[Seen]) -> Where:
    """Where each user is by the last change of her scores."""
    changes = [one.json for one in seen if one.json["rule"] == SCORES]
    return {change["user_id"]: {change["segment"]} - exited(change) for change in changes}


def judge_scores(blame: Blame, seen: Sequence[Seen], stand: Where, lost: bool) -> int:
    """How many changes there are of scores. lost: whether Redis has lost something on the way."""
    known: set[str] = set()
    told: dict[str, list[tuple[int, str | None]]] = {}
    for change in (one.json for one in seen if one.json["rule"] == SCORES):
        if change["id"] in known:
            continue
        known.add(change["id"])
        levels = told.setdefault(change["user_id"], [NOWHERE])
        before = change["ordinal"] - 1, change.get("previous") or _left(change)
        if before not in (levels if lost else levels[-1:]):
            blame("scores that do not follow those before", (change, levels))
        if exited(change) and change["user_id"] in stand:
            blame("scores that were taken away", change)
        if change["because"] and change["segment"] != level_of(change["because"]):
            blame("levels that are not those of their scores", change)
        levels.append((change["ordinal"], None if exited(change) else change["segment"]))
    last = last_told(seen)
    for user in stand:
        if last.get(user) != stand[user]:
            blame("scores that are not those of the edges", (user, last.get(user), stand[user]))
    return len(known)


def exited(change: Mapping[str, Any]) -> set[str]:
    return {change["segment"]} if change["type"] == "segment.exited" else set()


def _left(change: Mapping[str, Any]) -> str | None:
    return next(iter(exited(change)), None)


def level_of(because: Sequence[Mapping[str, Any]]) -> str:
    """What the grid says of the scores for which a change happened."""
    r, f = (next(one["value"] for one in because if one["condition"].startswith(f"{SCORES}.{part} ")) for part in "rf")
    return f"{SCORES}/{GRID[5 - r][f - 1]}"
