"""Where a subject stands: the segments it is in, each since when and by which change.

Comes in: memberships, as the engine has them. Goes out: a record of the compacted topic of the subject's kind, and its
`segments` alone, which other programs read in Redis; and the other way round.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from streams.core.engine.decoding import Memberships
from streams.core.instants import format_time, parse_time
from streams.core.subjects import USER, SubjectKind
from streams.outputs.records import Records

SCHEMA: Final = 1
NOWHERE: Final = b"{}"


class Standing(msgspec.Struct, gc=False):
    """since: when the subject entered the segment. ordinal: of the change by which it did."""

    since: str
    ordinal: int


class MembershipRecord(msgspec.Struct, kw_only=True, gc=False):
    """The fields, in their order. updated_at: when the newest change occurred. version: it only grows."""

    schema: int
    kind: str = USER.name
    subject: str = msgspec.field(name=USER.id_field)
    segments: Mapping[str, Standing]
    updated_at: str
    version: int


class Membership(NamedTuple):
    """What such a record says; times in ms."""

    subject: str
    segments: Memberships
    updated_at: int
    version: int
    kind: SubjectKind


MEMBERSHIPS: Final = Records(MembershipRecord)

_encode = msgspec.json.Encoder().encode
_decode_standings = msgspec.json.Decoder(dict[str, Standing]).decode


def encode_membership(kind: SubjectKind, subject: str, segments: bytes, updated_at: str, version: int) -> bytes:
    """`segments` as `encode_segments` gives them; `version` is the number of a checkpoint."""
    record = MEMBERSHIPS.by_place[kind.name]
    return _encode(record(SCHEMA, kind.name, subject, msgspec.Raw(segments), updated_at, version))


def decode_membership(raw: bytes) -> Membership:
    """msgspec.DecodeError: these bytes are no membership."""
    record, kind = MEMBERSHIPS.decode(raw)
    return Membership(record.subject, _memberships(record.segments), _instant(record.updated_at), record.version, kind)


def encode_segments(memberships: Memberships) -> bytes:
    standing = memberships.items()
    return _encode({segment: Standing(format_time(since), ordinal) for segment, (since, ordinal) in standing})


def decode_segments(raw: bytes | None) -> Memberships:
    """Of what other programs read in Redis; who is in no segment has nothing there."""
    return {} if raw is None else _memberships(_decode_standings(raw))


def read_model(segments: bytes) -> bytes | None:
    """What they read there."""
    return None if segments == NOWHERE else segments


def _memberships(standings: Mapping[str, Standing]) -> Memberships:
    return {segment: (_instant(standing.since), standing.ordinal) for segment, standing in standings.items()}


def _instant(text: Any) -> int:
    ms = parse_time(text)
    if ms is None:
        raise msgspec.ValidationError(f"{text!r} is no time")
    return ms
