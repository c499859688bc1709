"""The edges that a shard scores by: from which instant on, and those before it.

Comes in: edges, fixed by a rule or agreed on as quintiles. Goes out: the words of the program that the kernel scores
by, and the bytes that are stored.
"""

from collections.abc import Mapping

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from streams.core.kernel.layout import NEVER
from streams.core.rules.rulebook import Edges
from streams.core.scores.quintiles import Quintiles

NONE_YET = (np.nan, np.nan, np.nan, np.nan)


class EdgesSince(msgspec.Struct, frozen=True):
    """What a scores rule goes by from the instant `since_ms` on. before: the edges it goes by until then, if any."""

    newest: Quintiles
    since_ms: int
    before: Edges | None

    def encode(self) -> bytes:
        """MessagePack, because JSON has no infinity."""
        return msgspec.msgpack.encode(self)

    @classmethod
    def decode(cls, raw: bytes) -> "EdgesSince":
        return msgspec.msgpack.decode(raw, type=cls)


class AgreedEdges:
    """The quintiles of one shard, kept up to date in the words of its program. records: where, by scores rule."""

    def __init__(self, words: NDArray[np.int64], records: Mapping[str, int]):
        self._words = words
        self._records = records
        self._held: dict[str, EdgesSince] = {}

    def newest(self, rule: str) -> Quintiles | None:
        held = self._held.get(rule)
        return held.newest if held is not None else None

    def agree(self, quintiles: Quintiles, first_ms: int) -> int | None:
        """Take over newer ones. Returns since when they hold, not before `first_ms`; None if no edge has moved."""
        held = self._held.get(quintiles.rule)
        if held is not None and held.newest.edges == quintiles.edges:
            self._held[quintiles.rule] = replace(held, newest=quintiles)
            return None
        before = held.newest.edges if held is not None else None
        self._hold(quintiles.rule, EdgesSince(quintiles, max(quintiles.at_ms, first_ms), before))
        return self._held[quintiles.rule].since_ms

    def begun_by(self, now_ms: int) -> list[int]:
        """Since when those hold that hold by now."""
        return [held.since_ms for held in self._held.values() if held.since_ms <= now_ms]

    def stored(self) -> dict[str, bytes]:
        return {rule: held.encode() for rule, held in self._held.items()}

    def restore(self, stored: Mapping[str, bytes]) -> None:
        for rule, raw in stored.items():
            self._hold(rule, EdgesSince.decode(raw))

    def _hold(self, rule: str, held: EdgesSince) -> None:
        self._held[rule] = held
        words = edge_words(held.since_ms, held.before, held.newest.edges)
        self._words[self._records[rule] : self._records[rule] + len(words)] = words


def words_at_all_times(edges: Edges | None) -> list[int]:
    """The words of edges that are fixed; or of none, as long as no quintiles have been agreed on."""
    return edge_words(NEVER, None, edges)


def edge_words(since_ms: int, before: Edges | None, now: Edges | None) -> list[int]:
    """A record each for recency, frequency and monetary value, as `streams.core.kernel.layout` says."""
    words: list[int] = []
    for old, new in zip(_by_dimension(before), _by_dimension(now), strict=True):
        words += [since_ms, *np.array([*old, *new], np.float64).view(np.int64).tolist()]
    return words


def _by_dimension(edges: Edges | None) -> tuple[tuple[float, float, float, float], ...]:
    return (edges.r, edges.f, edges.m) if edges is not None else (NONE_YET, NONE_YET, NONE_YET)
