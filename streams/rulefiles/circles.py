"""Rules that ask for each other in a circle, so that none could be decided first.

Comes in: for each rule the segments that it asks for. Goes out: every circle, each once.
"""

from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter


def circles(asks: Mapping[str, Iterable[str]]) -> Iterator[list[str]]:
    """Each asks for the next and the last for the first, the name that comes first in front.

    >>> list(circles({"a": ["b"], "b": ["c", "d"], "c": ["a"], "d": ["d"]}))
    [['a', 'b', 'c'], ['d']]
    """
    left = {name: set(asked) for name, asked in asks.items()}
    while circle := _circle(left):
        yield circle
        left[circle[0]].remove(following(circle)[0])


def following(circle: list[str]) -> list[str]:
    """What each of a circle asks for."""
    return [*circle[1:], circle[0]]


def _circle(asks: Mapping[str, set[str]]) -> list[str]:
    """One circle, or nothing if there is none."""
    try:
        TopologicalSorter({name: sorted(asks[name]) for name in sorted(asks)}).prepare()
    except CycleError as error:
        backwards: list[str] = error.args[1][1:]  # its first is its last again
        circle = backwards[::-1]
        start = circle.index(min(circle))
        return circle[start:] + circle[:start]
    return []
