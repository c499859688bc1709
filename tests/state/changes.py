"""Changes for tests of what is kept of them."""

from typing import Any, Final

from msgspec import structs

from streams.core.changes import Change, Reason

ENTERED: Final = Change(
    subject="ann",
    rule="vip",
    type="segment.entered",
    segment="vip",
    previous=None,
    occurred_at=0,
    cause="event",
    event_id="m-1",
    ordinal=1,
    rule_version="sha256:0",
    because=(Reason("mrr >= 100", 120.5, was=False, now=True),),
    segments=("vip",),
    traits={},
)


def entered(user: str, segment: str, at_ms: int, **parts: Any) -> Change:
    return structs.replace(ENTERED, subject=user, rule=segment, segment=segment, occurred_at=at_ms, **parts)


def exited(user: str, segment: str, at_ms: int, **parts: Any) -> Change:
    return entered(user, segment, at_ms, type="segment.exited", **parts)


def changed(user: str, previous: str | None, segment: str, at_ms: int, **parts: Any) -> Change:
    """Of a tier."""
    parts = {"type": "segment.changed", "previous": previous} | parts
    return structs.replace(
        ENTERED, subject=user, rule=segment.partition("/")[0], segment=segment, occurred_at=at_ms, **parts
    )
