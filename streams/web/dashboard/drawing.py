"""Charts, drawn here as SVG: they need no script, print, and take their colours from the page's style.

Comes in: numbers. Goes out: HTML. What a chart says is said in words, too: by its name, or by a table beside it.
"""

from collections.abc import Callable, Sequence
from math import ceil, floor, log10
from typing import Final

from markupsafe import Markup

SPARK_WIDTH, SPARK_HEIGHT, PAD = 112, 28, 2
BAR_WIDTH: Final = 1_000
CHART_WIDTH, CHART_HEIGHT, BARS_HEIGHT = 720, 220, 150
LEFT, RIGHT, TOP, BOTTOM = 52, 8, 10, 24
INNER_WIDTH: Final = CHART_WIDTH - LEFT - RIGHT
MOST_LABELS: Final = 6
SHADES: Final = 8  # of colours that the style has for parts of a whole


def spark(sizes: Sequence[int], name: str) -> Markup:
    """How a size developed, as small as a word."""
    if len(sizes) < 2:
        return Markup('<span class="quiet">–</span>')
    low, high = min(sizes), max(sizes)
    span = (high - low) or 1
    step = (SPARK_WIDTH - 2 * PAD) / (len(sizes) - 1)
    places = [
        (PAD + step * place, PAD + (SPARK_HEIGHT - 2 * PAD) * (1 - (size - low) / span))
        for place, size in enumerate(sizes)
    ]
    if low == high:
        places = [(x, SPARK_HEIGHT / 2) for x, _ in places]
    end_x, end_y = places[-1]
    label = f"{name}: from {sizes[0]:,} to {sizes[-1]:,} in {len(sizes)} days, between {low:,} and {high:,}"
    return Markup(
        '<svg class="spark" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" aria-label="{label}">'
        '<path d="{d}"/><circle cx="{x}" cy="{y}" r="2"/></svg>'
    ).format(w=SPARK_WIDTH, h=SPARK_HEIGHT, label=label, d=_path(places), x=f"{end_x:.1f}", y=f"{end_y:.1f}")


def share(part: float, name: str) -> Markup:
    """How much of a whole, as a bar."""
    width = max(0.0, min(1.0, part)) * 100
    return Markup(
        '<svg class="share" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label="{name}">'
        '<rect class="whole" width="100" height="6" rx="1" ry="3"/>'
        '<rect class="part" width="{width}" height="6" rx="1" ry="3"/></svg>'
    ).format(name=name, width=f"{width:.2f}")


def stack(parts: Sequence[tuple[str, int]], name: str) -> Markup:
    """How a whole is parted, as one bar; its legend has the same order and colours."""
    whole = sum(size for _, size in parts)
    rects, x = [], 0.0
    for place, (part, size) in enumerate(parts):
        width = BAR_WIDTH * size / whole if whole else 0.0
        if width:
            rects.append(
                Markup('<rect class="shade-{0}" x="{1}" width="{2}" height="12"><title>{3}</title></rect>').format(
                    place % SHADES, f"{x:.1f}", f"{max(width - 2, 1):.1f}", f"{part}: {size:,}"
                )
            )
        x += width
    label = f"{name}: " + ", ".join(f"{part} {size:,}" for part, size in parts)
    return Markup(
        '<svg class="stack" viewBox="0 0 {w} 12" preserveAspectRatio="none" role="img" aria-label="{label}">'
        "{rects}</svg>"
    ).format(w=BAR_WIDTH, label=label, rects=Markup("").join(rects))


def chart(points: Sequence[tuple[str, int]], name: str) -> Markup:
    """A size over time, with its axes. points: what is said of each, and the size."""
    sizes = [size for _, size in points]
    marks = ticks(0, max(sizes, default=1))
    step = INNER_WIDTH / max(1, len(points) - 1)
    y_of = _scale(marks, CHART_HEIGHT)
    places = [(LEFT + step * place, y_of(size)) for place, size in enumerate(sizes)]
    bottom = CHART_HEIGHT - BOTTOM
    area = f"{_path(places)}L{places[-1][0]:.1f} {bottom}L{LEFT} {bottom}Z" if places else ""
    said = [(said, x) for (said, _), (x, _) in zip(points, places, strict=True)]
    return _framed(name, CHART_HEIGHT, marks, said) + Markup(
        '<path class="area" d="{area}"/><path class="line" d="{d}"/></svg>'
    ).format(area=area, d=_path(places))


def bars(points: Sequence[tuple[str, int, int]], name: str) -> Markup:
    """How many came and how many went, as bars up and down. points: what is said of each, and both."""
    marks = ticks(-max((down for _, _, down in points), default=0), max((up for _, up, _ in points), default=1))
    step = INNER_WIDTH / max(1, len(points))
    y_of = _scale(marks, BARS_HEIGHT)
    width = f"{step - 2:.1f}"
    rects = Markup("").join(
        Markup('<rect class="{0}" x="{1}" width="{2}" y="{3}" height="{4}"/>').format(
            kind,
            f"{LEFT + step * place + 1:.1f}",
            width,
            f"{y_of(top):.1f}",
            f"{y_of(low) - y_of(top):.1f}",
        )
        for place, (_, up, down) in enumerate(points)
        for kind, top, low in (("up", up, 0), ("down", 0, -down))
        if top != low
    )
    said = [(said, LEFT + step * (place + 0.5)) for place, (said, _, _) in enumerate(points)]
    return _framed(name, BARS_HEIGHT, marks, said) + rects + Markup("</svg>")


def _scale(marks: Sequence[int], height: int) -> Callable[[float], float]:
    """Where a number of an axis with these marks is in a drawing of this height."""
    inner, low, high = height - TOP - BOTTOM, marks[0], marks[-1]
    return lambda size: TOP + inner * (1 - (size - low) / (high - low))


def _framed(name: str, height: int, marks: Sequence[int], said: Sequence[tuple[str, float]]) -> Markup:
    """The beginning of a drawing, with its axes. said: what may stand below, and where."""
    y_of = _scale(marks, height)
    lines = Markup("").join(
        Markup('<line x1="{0}" x2="{1}" y1="{2}" y2="{2}"/><text x="{3}" y="{4}" text-anchor="end">{5}</text>').format(
            LEFT, CHART_WIDTH - RIGHT, f"{y_of(mark):.1f}", LEFT - 8, f"{y_of(mark) + 4:.1f}", f"{abs(mark):,}"
        )
        for mark in marks
    )
    labels = Markup("").join(
        Markup('<text x="{0}" y="{1}" text-anchor="middle">{2}</text>').format(
            f"{min(max(x, LEFT + 16), CHART_WIDTH - RIGHT - 20):.1f}", height - 6, text
        )
        for text, x in said[:: max(1, ceil(len(said) / MOST_LABELS))]
    )
    return Markup(
        '<svg class="chart" viewBox="0 0 {w} {h}" role="img" aria-label="{name}"><g class="grid">{lines}{labels}</g>'
    ).format(w=CHART_WIDTH, h=height, name=name, lines=lines, labels=labels)


def ticks(low: int, high: int) -> list[int]:
    """Some round numbers from at most `low` to at least `high`.

    >>> ticks(0, 87), ticks(1180, 1240), ticks(5, 5)
    ([0, 20, 40, 60, 80, 100], [1180, 1200, 1220, 1240], [4, 5, 6])
    """
    if low == high:
        return [max(0, low - 1), low, low + 1] if low else [0, 1]
    rough = (high - low) / 5
    power = 10 ** floor(log10(rough)) if rough >= 1 else 1
    step = max(1, next(int(each * power) for each in (1, 2, 5, 10) if each * power >= rough))
    first = low // step * step
    return list(range(first, high + step, step))[: ceil((high - first) / step) + 1]


def _path(places: Sequence[tuple[float, float]]) -> str:
    return "".join(f"{'L' if place else 'M'}{x:.1f} {y:.1f}" for place, (x, y) in enumerate(places))
