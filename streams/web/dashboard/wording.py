"""Times, numbers, values and names as people read them on a page.

Comes in: what the views bear. Goes out: text, or HTML where a reader needs more than text. Times are in UTC.
"""

import re
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final
from urllib.parse import quote, urlencode

from markupsafe import Markup

from streams.core.instants import DAY_MS, parse_time
from streams.outputs.wording import value_in_words
from streams.printable import printable

INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
HOUR_MS: Final = DAY_MS // 24
MINUTE_MS: Final = HOUR_MS // 60


def moment(iso: str) -> datetime:
    return datetime.fromtimestamp((parse_time(iso) or 0) / 1000, UTC)


def when(iso: str | None) -> str | Markup:
    """`15 Mar 09:00`, with all of it for whoever points at it."""
    if iso is None:
        return "never"
    at = moment(iso)
    return Markup('<time datetime="{0}" title="{1}">{2}</time>').format(
        iso, f"{at:%A} {at.day} {at:%B %Y, %H:%M:%S} UTC", f"{at.day} {at:%b %H:%M}"
    )


def day(iso: str) -> str:
    """
    >>> day("2026-03-15T00:00:00.000Z")
    '15 Mar'
    """
    return f"{moment(iso).day} {moment(iso):%b}"


def with_times(text: str) -> Markup:
    """A reason whose instants are written as people write them."""
    said = printable(text)
    ends = [0, *(end for found in INSTANT.finditer(said) for end in found.span()), len(said)]
    parts = [said[start:end] for start, end in pairwise(ends)]
    return Markup("").join(when(part) if place % 2 else part for place, part in enumerate(parts))


def hour(iso: str) -> str:
    """
    >>> hour("2026-03-15T09:00:00.000Z")
    '09:00'
    """
    return f"{moment(iso):%H:%M}"


def span(ms: int) -> str:
    """
    >>> span(100), span(90 * 60_000), span(12 * 86_400_000)
    ('less than a minute', '1 h', '12 days')
    """
    text = _span(ms)
    return "less than a minute" if text == "now" else text


def ago(iso: str, now: str) -> str:
    """How long before, roughly; of what is to come, how long until then.

    >>> ago("2026-03-15T09:00:00.000Z", "2026-03-15T12:10:00.000Z")
    '3 h ago'
    >>> ago("2026-03-19T09:00:00.000Z", "2026-03-15T09:00:00.000Z")
    'in 4 days'
    """
    passed_ms = (parse_time(now) or 0) - (parse_time(iso) or 0)
    text = _span(abs(passed_ms))
    if text == "now":
        return "just now"
    return f"{text} ago" if passed_ms >= 0 else f"in {text}"


def _span(ms: int) -> str:
    if ms < MINUTE_MS:
        return "now"
    if ms < HOUR_MS:
        return f"{ms // MINUTE_MS} min"
    if ms < 2 * DAY_MS:
        return f"{ms // HOUR_MS} h"
    return f"{ms // DAY_MS} days"


def number(value: float) -> str:
    """
    >>> number(12345), number(12.5)
    ('12,345', '12.5')
    """
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"


def percent(share: float) -> str:
    """
    >>> percent(0), percent(0.0004), percent(0.123), percent(1)
    ('0 %', '< 0.1 %', '12.3 %', '100 %')
    """
    if share and share < 0.001:
        return "< 0.1 %"
    return f"{100 * share:.3g} %"


def value(found: Any, condition: str = "") -> str:
    """As the person who reads it would write it in a rule."""
    return value_in_words(found, condition)


def address(page: str, **query: str) -> str:
    """Relative, as all pages are beside each other.

    >>> address("user", id="a/b c")
    'user?id=a%2Fb%20c'
    """
    return f"{page}?{urlencode(query, quote_via=quote, safe='')}" if query else page


def user_link(user: str) -> Markup:
    return Markup('<a class="id" dir="auto" href="{0}">{1}</a>').format(address("user", id=user), printable(user))


def segment_link(segment: str) -> Markup:
    return Markup('<a href="{0}">{1}</a>').format(address("segment", name=segment), printable(segment))


def message_link(message: str) -> Markup:
    return Markup('<a href="{0}">{1}</a>').format(address("message", name=message), printable(message))


FILTERS: Final = {
    "when": when,
    "day": day,
    "hour": hour,
    "span": span,
    "with_times": with_times,
    "ago": ago,
    "number": number,
    "percent": percent,
    "value": value,
    "user_link": user_link,
    "segment_link": segment_link,
    "message_link": message_link,
    "printable": printable,
}
