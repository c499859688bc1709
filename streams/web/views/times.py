"""Instants as the views bear them: ISO 8601 in UTC."""

from typing import Annotated

from msgspec import Meta

from streams.core.instants import format_time

Instant = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


def told(ms: int) -> Instant:
    return format_time(ms)


def told_or_none(ms: int | None) -> Instant | None:
    return None if ms is None else format_time(ms)
