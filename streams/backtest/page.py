"""What a backtest found, as one page that asks nobody for anything: no script, no picture, no font of others.

Comes in: a `Report`. Goes out: HTML.
"""

from collections.abc import Sequence
from importlib.resources import files
from typing import Final

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from streams.backtest.chart import Line, chart, spark
from streams.backtest.report import Report, SegmentReport
from streams.backtest.sides import Holding
from streams.outputs.wording import value_in_words

TEMPLATE: Final = "page.html.j2"


def page(report: Report) -> str:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"number": number, "percent": percent, "days": days, "times": times, "reason": in_words}
    template = environment.from_string((files("streams.backtest") / TEMPLATE).read_text(encoding="utf-8"))
    segments = [each for each in report.segments if each.was_entered]
    return template.render(
        report=report,
        segments=segments,
        never=[each.segment for each in report.segments if not each.was_entered],
        compares=any(each.now is not None for each in segments),
        chart=lines_by_day,
        spark=_spark,
    )


def lines_by_day(segment: SegmentReport) -> Markup:
    """A chart of its size, under either rulebook."""
    lines = [
        Line(name, style, [day.size for day in under.by_day])
        for name, style, under in (("old rules", "old", segment.old), ("new rules", "new", segment.new))
        if under is not None
    ]
    days = [day.day for day in segment.under.by_day]
    return Markup(chart(f"Members of {segment.segment} by day", days, lines))  # noqa: S704 - escaped where it is drawn


def _spark(segment: SegmentReport) -> Markup:
    return Markup(spark([day.size for day in segment.under.by_day]))  # noqa: S704 - numbers alone


def number(value: int) -> str:
    return f"{value:,}"


def percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def days(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} d"


def times(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} ×"


def in_words(because: Sequence[Holding]) -> list[tuple[bool, str]]:
    """Of each condition whether it holds, and what is to be read."""
    return [(each.holds, f"{each.condition} ({value_in_words(each.value)})") for each in because]
