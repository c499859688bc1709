"""The schema of a membership: where a subject stands.

Comes in: the struct of `streams.outputs.membership`. Goes out: what it writes, for each kind of subject, as a schema.
"""

from typing import Final

import msgspec

from streams.core.instants import format_time
from streams.core.subjects import SubjectKind
from streams.outputs.membership import MEMBERSHIPS, SCHEMA, Standing, encode_membership, encode_segments
from streams.schemas.structs import OUR_TIME, Json, object_of, said, schema_of

FIELDS: Final[dict[str, Json]] = {
    "schema": said("Within it fields are only added: ignore what you do not know.", const=SCHEMA),
    "kind": said("What sort of subject it is about."),
    "subject": said("Who stands there."),
    "segments": said("All that the subject is in, by name; of a tier with the level."),
    "updated_at": said("When the newest change occurred.", **OUR_TIME),
    "version": said("It only grows: the record with the greatest counts.", minimum=0),
}
STANDING: Final[dict[str, Json]] = {
    "since": said("When the subject entered it.", **OUR_TIME),
    "ordinal": said("Of the change by which it did.", minimum=1),
}
ENTERED_MS: Final = 1_773_565_200_000


def schema(kind: SubjectKind) -> Json:
    fields = {kind.id_field if name == "subject" else name: each for name, each in FIELDS.items()}
    fields["kind"] = FIELDS["kind"] | {"const": kind.name}
    made = schema_of(
        MEMBERSHIPS.by_kind[kind.name],
        "Membership",
        f"Where a {kind.name} stands, as of the newest change. A record without a value: the {kind.name} was erased.",
        fields,
    )
    made["properties"]["segments"]["additionalProperties"] = object_of(Standing, STANDING)
    return made | {"examples": [_example(kind)]}


def _example(kind: SubjectKind) -> Json:
    segments = encode_segments({"churn-risk": (ENTERED_MS, 1)})
    raw = encode_membership(kind, "ann", segments, format_time(ENTERED_MS), ENTERED_MS + 41)
    return msgspec.json.decode(raw, type=dict)
