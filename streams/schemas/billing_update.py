"""The schema of a billing update in the plain form.

Comes in: the structs of `streams.sources.plain`. Goes out: what their decoder takes, as a schema. What Stripe sends has
schemas of Stripe's own.
"""

from typing import Final

from streams.core.profiles.ledger import BILLING_EVENTS, LEDGER_EVENTS, OTHER_NAMES, STATUSES
from streams.schemas.structs import TIME, Json, object_of, said, schema_of
from streams.sources.plain import TIMES, LedgerProperties, Update
from streams.sources.records import MAX_ID_CHARACTERS

FIELDS: Final[dict[str, Json]] = {
    "type": said("By it the form is recognised.", type="string", const="billing"),
    "messageId": said("Of this record alone: one that comes again, among the user's last 16, is ignored."),
    "userId": said(
        "Whose subscription it is. Where it is absent, it is the record's key.", maxLength=MAX_ID_CHARACTERS
    ),
    "anonymousId": said("Of a visitor. An update with this alone waits until a record links it to a user."),
    "event": said(
        "What happened. Subscription and Trial events go into the ledger of subscriptions; others are events alone.",
        type="string",
        minLength=1,
        examples=list(BILLING_EVENTS),
    ),
    "timestamp": said("When it happened: ISO 8601, without a zone in UTC, or epoch seconds or milliseconds.", **TIME),
    "properties": said("What there is to say of the subscription or the payment."),
}
LEDGER: Final[dict[str, Json]] = {
    "subscription_id": said("Which of the user's subscriptions; default where absent."),
    "status": said("As Stripe calls them. Where it is absent, the event's name tells it.", enum=[*STATUSES, None]),
    "mrr": said("What the subscription brings in a month, in major units.", examples=[49]),
    "cancel_at_period_end": said("Whether it ends when what is paid for ends."),
}
# Taken in any type, as the above are of an event that is not for the ledger.
PROPERTIES: Final[dict[str, Json]] = {
    "plan": said("What people call it.", examples=["pro"]),
    "currency": said("Of mrr and amount.", examples=["USD"]),
    "amount": said("Of an invoice, payment or refund, in major units.", examples=[588]),
    "interval": said("How long a period is.", examples=["month"]),
    "seats": said("How many there are.", examples=[12]),
    "started_at": said("When the subscription began."),
    "trial_end": said("When the trial ends."),
    "renews_at": said("When the next period begins."),
    "cancel_at": said("When it ends, as far as that is known."),
    "reason": said("Why it was cancelled."),
    **{name: said(f"The same as {own}.") for name, own in OTHER_NAMES.items()},
}
INSTANT: Final[Json] = {"type": ["string", "number", "null"], **TIME}

EXAMPLES: Final = (
    {
        "type": "billing",
        "messageId": "b-1",
        "userId": "u-1",
        "timestamp": "2026-03-01T08:00:00Z",
        "event": "Subscription Started",
        "properties": {"subscription_id": "sub-1", "plan": "pro", "mrr": 49, "currency": "USD"},
    },
    {
        "type": "billing",
        "userId": "u-1",
        "timestamp": "2026-03-01T08:00:00Z",
        "event": "Invoice Paid",
        "properties": {"amount": 49, "currency": "USD"},
    },
)


def schema() -> Json:
    made = schema_of(
        Update,
        "Billing update",
        "What became of a subscription, an invoice or a payment, in the plain form. What is not named here is ignored"
        " at the top, and a property like any other below.",
        FIELDS,
    )
    made["required"] = ["type", "event"]
    checked = object_of(LedgerProperties, LEDGER)["properties"]
    described = {name: {"description": each.pop("description")} for name, each in checked.items()}
    made["properties"]["properties"]["properties"] = described | PROPERTIES
    instants = dict.fromkeys((*TIMES, *(other for other, own in OTHER_NAMES.items() if own in TIMES)), INSTANT)
    made["if"] = {"properties": {"event": {"enum": list(LEDGER_EVENTS)}}}
    made["then"] = {"properties": {"properties": {"properties": checked | instants}}}
    return made | {"examples": list(EXAMPLES)}
