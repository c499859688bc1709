"""The schema of a product event, in the Segment spec.

Comes in: the structs of `streams.sources.segment_spec`. Goes out: what their decoder takes, as a schema.
"""

from typing import Final

from streams.schemas.structs import TIME, Json, said, schema_of
from streams.sources.records import MAX_ID_CHARACTERS
from streams.sources.segment_spec import EVENT_NAMES, Skim

TYPES: Final = ("track", *EVENT_NAMES)

FIELDS: Final[dict[str, Json]] = {
    "type": said("What sort of record it is.", type="string", enum=list(TYPES)),
    "messageId": said("Of this record alone: one that comes again, among the user's last 16, is ignored."),
    "userId": said(
        "Whose event it is. Where neither it nor anonymousId is there, it is the record's key.",
        maxLength=MAX_ID_CHARACTERS,
    ),
    "event": said("Of a track event, what happened.", examples=["Report Created"]),
    "timestamp": said("When it happened: ISO 8601, without a zone in UTC, or epoch seconds or milliseconds.", **TIME),
    "properties": said("What else there is to say of the event.", examples=[{"format": "pdf", "pages": 3}]),
    "context": said(
        "Where it happened. What rules read of it is the trait context.NAME.",
        examples=[{"locale": "de", "device": {"type": "phone"}}],
    ),
    "anonymousId": said("Of a visitor. An event with this alone waits until another links it to a user."),
    "name": said("Of a page or screen event, which one; the property name, where that is absent."),
    "groupId": said("Of a group event, the company or team that the user belongs to.", examples=["acme"]),
    "traits": said("Of an identify or group event, what is true now; null removes one.", examples=[{"plan": "pro"}]),
    "originalTimestamp": said(
        "Where timestamp is absent: when it happened by the client's clock; the next two mend it."
    ),
    "sentAt": said("When the client sent it, by its own clock."),
    "receivedAt": said("When it was received from the client."),
    "previousId": said("Of an alias event, another id of the user.", type="string"),
}
ACTIVE: Final = said("false: it is not the user's own doing, such as an email that reached them, and no activity.")

NAMED: Final = {"type": "string", "minLength": 1}
OBJECT: Final = {"type": ["object", "null"]}

EXAMPLES: Final = (
    {
        "type": "track",
        "messageId": "t1",
        "userId": "ann",
        "timestamp": "2026-03-01T09:00:00Z",
        "event": "Report Created",
        "properties": {"format": "pdf"},
    },
    {"type": "identify", "userId": "ann", "timestamp": 1772355600, "traits": {"company": {"name": "Acme", "size": 12}}},
    {"type": "page", "anonymousId": "a-1", "timestamp": "2026-03-01T09:00:00Z", "name": "Pricing"},
)


def schema() -> Json:
    made = schema_of(
        Skim,
        "Product event",
        "What a user did, or what is known of a user, in the Segment spec. Fields that are not named here are ignored.",
        FIELDS,
    )
    made["required"] = ["type"]
    made["properties"]["context"]["properties"] = {"active": ACTIVE}
    made["allOf"] = [
        _of_type(["track"], {"required": ["event"], "properties": {"event": NAMED}}),
        _of_type(["group"], {"required": ["groupId"], "properties": {"groupId": NAMED}}),
        _of_type(["identify", "group"], {"properties": {"context": {"properties": {"traits": OBJECT}}}}),
    ]
    return made | {"examples": list(EXAMPLES)}


def _of_type(types: list[str], then: Json) -> Json:
    return {"if": {"properties": {"type": {"enum": types}}}, "then": then}
