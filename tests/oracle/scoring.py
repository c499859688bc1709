"""RFM scores, and the edges of quintiles over all profiles (docs/semantics.md#scores).

Comes in: a profile's values, or those of all profiles. Goes out: scores, names of the R x F grid, edges.
"""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from math import inf
from operator import le, lt
from typing import Literal, NamedTuple

from streams.core.events import Value
from streams.core.rules.nodes import Value as Term
from streams.core.rules.rulebook import Edges, Scores

FIFTHS = (1, 2, 3, 4)
Four = tuple[float, float, float, float]
Numbers = tuple[float | None, float | None, float | None]

# Rows are R5 to R1, columns F1 to F5.
GRID = (
    ("new_customers", "potential_loyalists", "potential_loyalists", "champions", "champions"),
    ("promising", "potential_loyalists", "potential_loyalists", "loyal_customers", "loyal_customers"),
    ("about_to_sleep", "about_to_sleep", "need_attention", "loyal_customers", "loyal_customers"),
    ("hibernating", "hibernating", "at_risk", "at_risk", "cant_lose_them"),
    ("hibernating", "hibernating", "at_risk", "at_risk", "cant_lose_them"),
)


class Standing(NamedTuple):
    """The edges from an instant on, and those until then, which held from `known_ms` on. Of what was still earlier
    nothing is known any more.
    """

    edges: Edges
    since_ms: int
    before: Edges | None
    known_ms: int

    def at(self, instant: int) -> Edges | None:
        return self.edges if instant >= self.since_ms else self.before


class Scored(NamedTuple):
    r: int
    f: int
    m: int

    @property
    def name(self) -> str:
        return GRID[5 - self.r][self.f - 1]

    def part(self, part: Literal["r", "f", "m", "score", "name"]) -> Value:
        match part:
            case "score":
                return f"{self.r}{self.f}{self.m}"
            case "name":
                return self.name
            case _:
                return float({"r": self.r, "f": self.f, "m": self.m}[part])


def measures(rule: Scores) -> tuple[Term, Term, Term]:
    return rule.recency, rule.frequency, rule.monetary


def edges_of(rule: Scores, edges: Edges) -> list[tuple[Term, float]]:
    """Each value that is scored, with each of its edges."""
    pairs = zip(measures(rule), (edges.r, edges.f, edges.m), strict=True)
    return [(value, edge) for value, four in pairs for edge in four if rule.fixed or value is not rule.recency]


def scored(values: Numbers, edges: Edges) -> Scored:
    """A value equal to an edge belongs to the better side; of recency the smaller value is the better."""
    recency, frequency, monetary = values
    r = 1 if recency is None else 5 - sum(recency > edge for edge in edges.r)
    return Scored(r, 1 + reached(frequency or 0.0, edges.f), 1 + reached(monetary or 0.0, edges.m))


def reached(value: float, edges: Four) -> int:
    return sum(value >= edge for edge in edges)


def new_edges(old: Edges | None, population: Sequence[Numbers]) -> Edges:
    """The edges from this refresh on: where the fifths part; an old one stays while that is nearly there."""
    recencies = [recency for recency, _, _ in population if recency is not None]
    frequencies = [frequency or 0.0 for _, frequency, _ in population]
    monetary = [value or 0.0 for _, _, value in population]
    r, f, m = (old.r, old.f, old.m) if old else (None, None, None)
    return Edges(
        settled(r, [recency_edge(recencies, k) for k in FIFTHS], recencies, le),
        settled(f, [edge(frequencies, k) for k in FIFTHS], frequencies, lt),
        settled(m, [edge(monetary, k) for k in FIFTHS], monetary, lt),
    )


def edge(values: Sequence[float], k: int) -> float:
    """The smallest value of which at least k fifths of all are below it.

    >>> [edge([0, 0, 0, 0, 0, 1, 1, 2, 2, 9], k) for k in (1, 2, 3, 4)]
    [1, 1, 2, 9]
    """
    return min((value for value in values if 5 * below(values, value) >= k * len(values)), default=inf)


def recency_edge(values: Sequence[float], k: int) -> float:
    """The largest value of which less than k fifths of all are below it: as many are fresh enough, or more.

    >>> [recency_edge([0.5, 0.5, 0.5, 0.5, 0.5, 1, 1, 2, 2, 9], k) for k in (1, 2, 3, 4)]
    [0.5, 0.5, 1, 2]
    """
    return max((value for value in values if 5 * below(values, value) < k * len(values)), default=inf)


def below(values: Iterable[float], value: float) -> int:
    return sum(other < value for other in values)


def settled(
    old: Four | None, exact: Sequence[float], values: Sequence[float], counts: Callable[[float, float], bool]
) -> Four:
    """The old edges, but for those of which more than two in a hundred are in the way; in order again afterwards."""
    edges = list(exact)
    for place, edge in enumerate(old or ()):
        inner = [value for value in values if counts(value, edge)]
        if 50 * in_the_way(inner, Fraction(FIFTHS[place] * len(values), 5)) <= len(values):
            edges[place] = edge
    first, second, third, fourth = (max(edges[: place + 1]) for place in range(4))
    return first, second, third, fourth


def in_the_way(inner: Sequence[float], due: Fraction) -> Fraction:
    """How many profiles would need another value for an edge to be right, `inner` being the values inside it.

    So many as are due have to be inside, and no longer if all who share some one value inside were outside.
    """
    ways = [above(inner, value) + max(below(inner, value) - due, Fraction(0)) for value in inner]
    return max(due - len(inner), min(ways, default=Fraction(0)))


def above(values: Iterable[float], value: float) -> int:
    return sum(other > value for other in values)
