"""A feed as browsers are told of it: JSON, times as ISO 8601."""

from collections.abc import Mapping
from typing import Any, get_args

from streams.core.instants import format_time
from streams.delivery.feed import Counts, Mark, Standing


def shown(standing: Standing) -> dict[str, Any]:
    """A message of somebody's feed, and what that user did with it."""
    message = standing.message
    return {
        "id": message.id,
        "message": message.message,
        "kind": message.kind,
        "pages": message.pages,
        "priority": message.priority,
        "title": message.title,
        "body": message.body,
        "action": message.action,
        "data": message.data,
        "created_at": format_time(message.created_at),
        "expires_at": _time(message.expires_at),
        **_marks(standing.marks),
    }


def counts_shown(counts: Counts) -> dict[str, int]:
    return counts._asdict()


def _marks(marks: Mapping[Mark, int]) -> dict[str, str | None]:
    return {f"{mark}_at": _time(marks.get(mark)) for mark in get_args(Mark)}


def _time(at_ms: int | None) -> str | None:
    return None if at_ms is None else format_time(at_ms)
