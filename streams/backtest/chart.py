"""Sizes by day as a picture: lines in SVG, drawn here, for a page that asks nobody for anything.

Comes in: numbers. Goes out: SVG; its colours are those of the page's style.
"""

from collections.abc import Sequence
from html import escape
from typing import Final, NamedTuple

WIDTH: Final = 720
HEIGHT: Final = 200
LEFT: Final = 56  # room for the numbers of the scale
BOTTOM: Final = 24  # and for the dates
TOP: Final = 8


class Line(NamedTuple):
    """style: the class by which the page draws it."""

    name: str
    style: str
    values: Sequence[int]


def chart(title: str, days: Sequence[str], lines: Sequence[Line]) -> str:
    """Of lines over the same days. What it shows stands in a table beside it, for who cannot see it."""
    top = _round_up(max((value for line in lines for value in line.values), default=0))
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}" class="chart">',
        *_scale(top),
        *_dates(days),
        *(_polyline(line, top) for line in lines),
        "</svg>",
    ]
    return "".join(parts)


def spark(values: Sequence[int]) -> str:
    """A small one, without scale, in a row of a table."""
    top = max(values, default=0) or 1
    step = 120 / max(1, len(values) - 1)
    points = " ".join(f"{at * step:.1f},{22 - 20 * value / top:.1f}" for at, value in enumerate(values))
    return f'<svg viewBox="0 0 120 24" class="spark" aria-hidden="true"><polyline class="new" points="{points}"/></svg>'


def _scale(top: int) -> list[str]:
    """Lines at nothing, half and all of it, with their numbers."""
    found = []
    for value in dict.fromkeys((0, top // 2, top)):
        y = _y(value, top)
        found.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>')
        found.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:,}</text>')
    return found


def _dates(days: Sequence[str]) -> list[str]:
    """The first, the one in the middle and the last."""
    places = dict.fromkeys((0, (len(days) - 1) // 2, len(days) - 1)) if days else {}
    anchors = {0: "start", len(days) - 1: "end"}
    style = {at: f'y="{HEIGHT - 6}" text-anchor="{anchors.get(at, "middle")}"' for at in places}
    return [f'<text x="{_x(at, len(days)):.1f}" {style[at]}>{days[at]}</text>' for at in places]


def _polyline(line: Line, top: int) -> str:
    count = len(line.values)
    points = " ".join(f"{_x(at, count):.1f},{_y(value, top):.1f}" for at, value in enumerate(line.values))
    return f'<polyline class="{line.style}" points="{points}"><title>{escape(line.name)}</title></polyline>'


def _x(at: int, count: int) -> float:
    return LEFT + (WIDTH - LEFT) * at / max(1, count - 1)


def _y(value: int, top: int) -> float:
    return TOP + (HEIGHT - BOTTOM - TOP) * (1 - value / max(1, top))


def _round_up(value: int) -> int:
    """To a number that is easily read, and twice something whole.

    >>> [_round_up(value) for value in (0, 3, 17, 1234, 1999, 5100)]
    [2, 4, 20, 2000, 2000, 10000]
    """
    size = int("1".ljust(len(str(value)), "0"))
    return next(size * step for step in (2, 4, 10, 20) if size * step >= value)
