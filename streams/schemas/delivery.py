"""The schemas of a decision about a message, and of a message that goes by way of Kafka.

Comes in: the structs of `streams.outputs.delivery`. Goes out: what they write, as schemas.
"""

from typing import Final

import msgspec

from streams.core.instants import format_time
from streams.delivery.decision import Decision, message_id
from streams.delivery.feed import Action, FeedMessage
from streams.outputs.delivery import SCHEMA, DeliveryRecord, MessageRecord, encode_delivery, encode_message
from streams.schemas.structs import OUR_TIME, Json, object_of, said, schema_of

_SCHEMA: Final = said("Within it fields are only added: ignore what you do not know.", const=SCHEMA)
_USER: Final = said("Who it is for.")
_CHANGE: Final = said("The change that it is about, by its id.")
DELIVERY: Final[dict[str, Json]] = {
    "schema": _SCHEMA,
    "id": said("The message's to this user: several decisions bear it, one after the other."),
    "user_id": _USER,
    "message": said("The message, by its name; null of a change that goes to an endpoint."),
    "variant": said("Which of its texts; null where there are none or none was chosen."),
    "channel": said("By which way it goes."),
    "endpoint": said("Of webhooks."),
    "decision": said("What was decided."),
    "reason": said("Why, for people."),
    "attempt": said("Of webhooks: which one it was.", minimum=1),
    "change_id": _CHANGE,
    "at": said("When.", **OUR_TIME),
}
MESSAGE: Final[dict[str, Json]] = {
    "schema": _SCHEMA,
    "id": said("The same message because of the same change bears the same id."),
    "user_id": _USER,
    "message": said("Its name."),
    "variant": said("Which of its texts; null where there are none."),
    "title": said("Text, in no markup."),
    "body": said("Text, in no markup."),
    "action": said("A button and where it leads, if there is one."),
    "data": said("Of the message's file, for whoever shows it."),
    "segment": said("That the change is about."),
    "change_id": _CHANGE,
    "at": said("When it was sent.", **OUR_TIME),
}
ACTION: Final[dict[str, Json]] = {
    "label": said("What stands on it."),
    "href": said("https, or a path of the page's own origin."),
}
_AT_MS: Final = 1_773_565_200_000
_ID: Final = message_id("c", "come-back", "ann")
_CONTENT: Final = FeedMessage(
    _ID, "come-back", "card", "Good to see you again", _AT_MS, action=Action("Open", "/reports"), segment="churn-risk"
)
EXAMPLE: Final = Decision(
    _ID, "come-back", "kafka", "sent", f"enters churn-risk at {format_time(_AT_MS)}", "c", _AT_MS, content=_CONTENT
)


def schema() -> Json:
    made = schema_of(DeliveryRecord, "Delivery", "What was decided about a message and a user, and why.", DELIVERY)
    return made | {"examples": [msgspec.json.decode(encode_delivery("ann", EXAMPLE))]}


def message_schema() -> Json:
    made = schema_of(MessageRecord, "Message", "A message to somebody, for whoever brings it there.", MESSAGE)
    made["properties"]["action"] |= {"type": ["null", "object"]}
    made["properties"]["action"]["properties"] = object_of(Action, ACTION)["properties"]
    return made | {"examples": [msgspec.json.decode(encode_message("ann", EXAMPLE))]}
