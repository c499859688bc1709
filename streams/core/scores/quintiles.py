"""Quintile edges: where a population parts into fifths, and when the edges agreed on have to move.

Comes in: how recency, frequency and monetary value are spread over all profiles (`streams.core.scores.sketch`), and the
edges so far. Goes out: the edges to score by, with a version.

**Where they are.** A value is at or above edge k if at least k fifths of the population are strictly below it. So equal
values never get unequal scores, and where many are alike a score may be nobody's: if half of all never bought, they
score 1 and nobody scores 2. Recency counts from the fresh end: edge k is the smallest within which at least k fifths
are.

**Recency** is told as of 1970 here, a negative number of days: so neither it nor its edges change while time passes,
equal ones stay equal, and what is a week ago today is on the same side of an edge tomorrow.

**When they move.** A profile must not change its name because an edge moved a hair. So an edge stays as long as it
would be exactly right if two profiles in a hundred, or fewer, had another value than they have. If this week is a
little better than the last, nobody's score changes by it; once more than 2 % are on the wrong side of an edge, it
moves to where it belongs today, and stays there in its turn.
"""

from collections.abc import Sequence
from itertools import accumulate
from math import inf
from typing import Final

import msgspec
import numpy as np

from streams.core.arrays import Floats
from streams.core.instants import DAY_MS
from streams.core.rules.rfm import Dimension, FourEdges
from streams.core.rules.rulebook import Edges
from streams.core.scores.sketch import Sketch, merge, sketch_of

TOLERANCE: Final = 0.02  # of the population


class Populations(msgspec.Struct, frozen=True):
    """How the three values behind the scores are spread, over one shard or over all."""

    r: Sketch
    f: Sketch
    m: Sketch

    @classmethod
    def of(cls, recency: Floats, frequency: Floats, monetary: Floats) -> "Populations":
        """A number of each profile; missing ones (NaN) are left out of recency, and are 0 in the others."""
        return cls(sketch_of(recency), sketch_of(_or_0(frequency)), sketch_of(_or_0(monetary)))

    @classmethod
    def merged(cls, parts: Sequence["Populations"]) -> "Populations":
        return cls(
            merge([part.r for part in parts]), merge([part.f for part in parts]), merge([part.m for part in parts])
        )

    def thinned(self) -> "Populations":
        """What a shard shares with the others: all that their edges need, in 20 KB at most."""
        return Populations(self.r.thinned(), self.f.thinned(), self.m.thinned())

    def encode(self) -> bytes:
        return msgspec.msgpack.encode(self)

    @classmethod
    def decode(cls, raw: bytes) -> "Populations":
        return msgspec.msgpack.decode(raw, type=cls)


def _or_0(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, 0.0)


class Quintiles(msgspec.Struct, frozen=True):
    """The edges of one scores rule, as all workers agree on them.

    version: counts from 1 and grows only when an edge moves: while it stands there is nothing to score anew.
    at_ms: the instant of the newest refresh. edges: of recency, as of 1970.
    """

    rule: str
    version: int
    at_ms: int
    edges: Edges

    @classmethod
    def first(cls, rule: str, at_ms: int, populations: Populations) -> "Quintiles":
        edges = Edges(exact_edges("r", populations.r), exact_edges("f", populations.f), exact_edges("m", populations.m))
        return cls(rule, 1, at_ms, edges)

    def refreshed(self, at_ms: int, populations: Populations) -> "Quintiles":
        """As of a later instant: the same edges, but where the population has really moved."""
        edges = Edges(
            settle("r", self.edges.r, populations.r),
            settle("f", self.edges.f, populations.f),
            settle("m", self.edges.m, populations.m),
        )
        return Quintiles(self.rule, self.version + (edges != self.edges), at_ms, edges)

    def edges_at(self, at_ms: int) -> Edges:
        """With those of recency as people read them, in days before `at_ms`."""
        first, second, third, fourth = (edge + at_ms / DAY_MS for edge in self.edges.r)
        return Edges((first, second, third, fourth), self.edges.f, self.edges.m)

    def encode(self) -> bytes:
        """MessagePack, because JSON has no infinity."""
        return msgspec.msgpack.encode(self)

    @classmethod
    def decode(cls, raw: bytes) -> "Quintiles":
        return msgspec.msgpack.decode(raw, type=cls)


def exact_edges(dimension: Dimension, population: Sketch) -> FourEdges:
    """Where the edges belong, whatever they were before; infinite where nobody is at or above one.

    >>> exact_edges("f", Sketch((0.0, 1.0, 2.0, 9.0), (5, 2, 2, 1)))
    (1.0, 1.0, 2.0, 9.0)
    >>> exact_edges("r", Sketch((0.5, 1.0, 2.0, 9.0), (5, 2, 2, 1)))
    (0.5, 0.5, 1.0, 2.0)
    """
    needed = [-(-k * population.size // 5) for k in (1, 2, 3, 4)]
    within = np.searchsorted(np.cumsum(population.counts), needed)
    above = within if dimension == "r" else within + 1
    values = (*population.values, inf)
    first, second, third, fourth = (values[min(place, len(values) - 1)] for place in above.tolist())
    return first, second, third, fourth


def settle(dimension: Dimension, old: FourEdges, population: Sketch) -> FourEdges:
    """The old edges, but for those that the population has really moved away from."""
    exact = exact_edges(dimension, population)
    allowed = TOLERANCE * population.size
    settled = [
        was if misplaced(dimension, k, was, population) <= allowed else now
        for k, (was, now) in enumerate(zip(old, exact, strict=True), 1)
    ]
    # One that stays may stand a hair above the next, which has moved.
    first, second, third, fourth = accumulate(settled, max)
    return first, second, third, fourth


def misplaced(dimension: Dimension, k: int, edge: float, population: Sketch) -> float:
    """How many profiles, at least, would need other values for this to be exactly edge k.

    It is, if at least k fifths of all are below it, but fewer than k fifths are below the value next below it. So of
    any value below it can be said what keeps it from being that one: those in between, and those below it beyond
    k fifths.
    """
    values, counts = np.array(population.values), np.array(population.counts, np.int64)
    below = values <= edge if dimension == "r" else values < edge
    upto = np.cumsum(counts[below])
    due, found = k * population.size / 5, counts[below].sum()
    between, beyond = found - upto, np.maximum(upto - counts[below] - due, 0)
    return float(max(due - found, (between + beyond).min(initial=found)))
