"""The newest changes, as the topic of changes has them, in words.

Comes in: a record of the topic. Goes out: a `ChangeShown`. Its reasons are masked by whoever made them.
"""

from collections.abc import Iterable
from typing import cast

import msgspec

from streams.core.changes import Cause, Change, Reason, Type
from streams.errors import SegmenterError
from streams.kafka.batches.record import Record
from streams.outputs.change import decode_change
from streams.outputs.timeline import TimelineEntry
from streams.outputs.wording import reason_in_words
from streams.settings import Settings
from streams.web.views.times import Instant, told


class ChangeShown(msgspec.Struct, frozen=True, gc=False):
    """Somebody entered or left a segment, or is on another level. why: the reason, in words.

    previous: of a level, the one before; null where there was none.
    """

    id: str
    user_id: str
    type: str
    rule: str
    segment: str
    previous: str | None
    occurred_at: Instant
    cause: str
    why: str


def shown(change: Change) -> ChangeShown:
    return ChangeShown(
        change.id,
        change.subject,
        change.type,
        change.rule,
        change.segment,
        change.previous,
        told(change.occurred_at),
        change.cause,
        reason_in_words(change),
    )


def change_of(user: str, entry: TimelineEntry) -> Change:
    """As far as a timeline keeps it."""
    because = tuple(Reason(each.condition, each.value, each.was, each.now) for each in entry.because)
    return Change(
        subject=user,
        rule=entry.rule,
        type=cast(Type, entry.type),
        segment=entry.segment,
        previous=entry.previous,
        occurred_at=entry.occurred_at,
        cause=cast(Cause, entry.cause),
        event_id=entry.event_id,
        ordinal=entry.ordinal,
        rule_version="",
        because=because,
        segments=(),
        traits={},
        merged_into=entry.merged_into,
    )


def from_timeline(user: str, entry: TimelineEntry) -> ChangeShown:
    return shown(change_of(user, entry))


def read_change(record: Record, _: Settings) -> tuple[str, ChangeShown] | None:
    try:
        change = shown(decode_change(record.value or b""))
    except (msgspec.DecodeError, SegmenterError):
        return None
    return change.id, change


def newest_first(
    changes: Iterable[ChangeShown], most: int, rule: str | None = None, segment: str | None = None
) -> list[ChangeShown]:
    """Those of a rule, or of all; of a segment, such as a level, those that enter or leave it."""
    wanted = [each for each in changes if rule in (None, each.rule) and segment in (None, each.segment, each.previous)]
    return sorted(wanted, key=lambda each: each.occurred_at, reverse=True)[:most]
