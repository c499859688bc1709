"""A change as it is published: one JSON object of schema 1, in which fields are only ever added.

Comes in: a `Change`. Goes out: JSON; and the other way round.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, NamedTuple, cast, get_args

import msgspec
from msgspec import UNSET, Meta, UnsetType

from streams.core.changes import Cause, Change, Reason, Type
from streams.core.instants import format_time, parse_time
from streams.core.subjects import USER, SubjectKind
from streams.outputs.records import Records

SCHEMA: Final = 1


class ChangeRecord(msgspec.Struct, kw_only=True, gc=False):
    """The fields, in their order.

    previous: of a `segment.changed` alone. detected_at, live: not of a replay, in which nobody notices anything.
    merged_into: of who leaves because they are another from now on, alone.
    """

    schema: int
    id: str
    type: Annotated[str, Meta(extra_json_schema={"enum": list(get_args(Type))})]
    kind: str = USER.name
    subject: str = msgspec.field(name=USER.id_field)
    rule: str
    segment: str
    previous: str | UnsetType | None = UNSET
    occurred_at: str
    detected_at: str | UnsetType = UNSET
    live: bool | UnsetType = UNSET
    cause: Annotated[str, Meta(extra_json_schema={"enum": list(get_args(Cause))})]
    event_id: str | None
    ordinal: int
    rule_version: str
    because: tuple[Reason, ...]
    segments: tuple[str, ...]
    traits: Mapping[str, Any]
    merged_into: str | UnsetType = UNSET


CHANGES: Final = Records(ChangeRecord)

_made = CHANGES.by_place
_encode = msgspec.json.Encoder().encode


def encode_change(change: Change, detected_at: int | None = None, live_within_ms: int = 0) -> bytes:
    """The change as one JSON object; without `detected_at` (a replay) it says nothing of when it was noticed."""
    return encode_identified(change, change.id, detected_at, live_within_ms)


def encode_identified(change: Change, change_id: str, detected_at: int | None, live_within_ms: int) -> bytes:
    """The same, where its id is known already."""
    kind = change.kind.name
    return _encode(
        _made[kind](
            SCHEMA,
            change_id,
            change.type,
            kind,
            change.subject,
            change.rule,
            change.segment,
            change.previous if change.type == "segment.changed" else UNSET,
            format_time(change.occurred_at),
            UNSET if detected_at is None else format_time(detected_at),
            UNSET if detected_at is None else change.is_live(detected_at, live_within_ms),
            change.cause,
            change.event_id,
            change.ordinal,
            change.rule_version,
            change.because,
            change.segments,
            change.traits,
            UNSET if change.merged_into is None else change.merged_into,
        )
    )


def decode_change(raw: bytes) -> Change:
    """The change that was published so; its type and its cause may be of a later version.

    msgspec.DecodeError: these bytes are no change.
    """
    return decode_noticed(raw).change


class Noticed(NamedTuple):
    """A change, and whether it was live when it was noticed; None in a replay, in which nobody notices anything.

    raw: as it was published.
    """

    change: Change
    is_live: bool | None
    raw: bytes = b"{}"


def decode_noticed(raw: bytes) -> Noticed:
    """The same with whether it was live. msgspec.DecodeError: these bytes are no change."""
    record, kind = CHANGES.decode(raw)
    return Noticed(_change(record, kind), None if isinstance(record.live, UnsetType) else record.live, raw)


def _change(record: ChangeRecord, kind: SubjectKind) -> Change:
    occurred_at = parse_time(record.occurred_at)
    if occurred_at is None:
        raise msgspec.ValidationError("`occurred_at` is no time")
    return Change(
        subject=record.subject,
        rule=record.rule,
        type=cast(Type, record.type),
        segment=record.segment,
        previous=None if isinstance(record.previous, UnsetType) else record.previous,
        occurred_at=occurred_at,
        cause=cast(Cause, record.cause),
        event_id=record.event_id,
        ordinal=record.ordinal,
        rule_version=record.rule_version,
        because=record.because,
        segments=record.segments,
        traits=record.traits,
        kind=kind,
        merged_into=None if isinstance(record.merged_into, UnsetType) else record.merged_into,
    )
