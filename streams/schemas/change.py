"""The schema of a change.

Comes in: the struct of `streams.outputs.change`. Goes out: what it writes, for each kind of subject, as a schema.
"""

from typing import Final

import msgspec

from streams.core.changes import Change, Reason
from streams.core.subjects import SubjectKind
from streams.outputs.change import CHANGES, SCHEMA, encode_change
from streams.schemas.structs import OUR_TIME, Json, object_of, said, schema_of

FIELDS: Final[dict[str, Json]] = {
    "schema": said("Within it fields are only added: ignore what you do not know.", const=SCHEMA),
    "id": said("The same change always bears the same: apply each once.", pattern="^[0-9a-f]{64}$"),
    "type": said("Entered or left; of a tier, another level."),
    "kind": said("What sort of subject it is about."),
    "subject": said("Whose change it is."),
    "rule": said("By which it came about.", examples=["churn-risk", "lifecycle"]),
    "segment": said("What is entered or left; of a tier with the level.", examples=["churn-risk", "lifecycle/power"]),
    "previous": said("Of segment.changed alone: the level before, null where there was none."),
    "occurred_at": said("The instant at which it flipped.", **OUR_TIME),
    "detected_at": said("When a worker found that it had. Not in a replay.", **OUR_TIME),
    "live": said("false of old news, by its cause or its age: write to nobody then. Not in a replay."),
    "cause": said("What flipped it: an event, time alone, another rule, or that the user was erased or merged."),
    "event_id": said("The messageId of the event, or of the command, that caused it."),
    "ordinal": said("Counts the changes of this subject by this rule, from 1.", minimum=1),
    "rule_version": said("Which version of the rule it was.", pattern="^sha256:[0-9a-f]{64}$"),
    "because": said("Each condition of the rule once, those whose truth changed first."),
    "segments": said("All that the subject is in, after all flips of the instant."),
    "traits": said("Those that the rule includes, by dotted name."),
    "merged_into": said("Of a user who was merged into another and leaves everything: who it is from now on."),
}
REASON: Final[dict[str, Json]] = {
    "condition": said("As the rule has it.", examples=["idle_days >= 7"]),
    "value": said("Its value at the instant: a number, a text, true or false, a list, or null; *** where private."),
    "was": said("Whether it held just before."),
    "now": said("Whether it holds now."),
}
EXAMPLE: Final = Change(
    subject="ann",
    rule="churn-risk",
    type="segment.entered",
    segment="churn-risk",
    previous=None,
    occurred_at=1_773_565_200_000,
    cause="timer",
    event_id=None,
    ordinal=1,
    rule_version="sha256:" + "f7500556ae72fda3" * 4,
    because=(
        Reason("idle_days >= 7", 7.0, was=False, now=True),
        Reason("active_days(days=30) >= 8", 8, was=True, now=True),
    ),
    segments=("churn-risk",),
    traits={"plan": "pro"},
)


def schema(kind: SubjectKind) -> Json:
    fields = {kind.id_field if name == "subject" else name: each for name, each in FIELDS.items()}
    fields["kind"] = FIELDS["kind"] | {"const": kind.name}
    made = schema_of(
        CHANGES.by_kind[kind.name],
        "Change",
        f"A {kind.name} entered or left a segment, or came to another level of a tier; and why.",
        fields,
    )
    made["properties"]["because"]["items"] = object_of(Reason, REASON)
    made["if"] = {"properties": {"type": {"const": "segment.changed"}}}
    made["then"], made["else"] = {"required": ["previous"]}, {"properties": {"previous": False}}
    example = msgspec.structs.replace(EXAMPLE, kind=kind)
    return made | {"examples": [msgspec.json.decode(encode_change(example, example.occurred_at + 41, 1_000))]}
