"""Billing updates, in the plain form; those of Stripe's own shape are handed on to `stripe.py`.

Comes in: one record. Goes out: an `Event` with all its properties, `ANONYMOUS`, `Ignored`, or the `Reject` that says
why the record cannot be used. The form is that of docs/semantics.md#billing-updates.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec

from streams.core.events import ANONYMOUS, Decoded, Event, Value
from streams.core.instants import parse_time
from streams.core.profiles.ledger import CANCELLATION, LARGEST_MRR, LEDGER_EVENTS, STATUSES
from streams.sources import records
from streams.sources.mending import mended
from streams.sources.money import Money
from streams.sources.nested import JsonObject, flatten
from streams.sources.options import InputOptions, Nobody
from streams.sources.records import Record, Skimmed, Time, Unusable, WithProperties
from streams.sources.stripe import StripeEvents


class Update(msgspec.Struct, rename="camel", gc=False):
    """The fields of the plain form. `object` is `event` in Stripe's."""

    type: str | None = None
    message_id: str | None = None
    user_id: str | None = None
    anonymous_id: str | None = None
    event: str | None = None
    timestamp: Time = None
    properties: Skimmed | None = None
    object: Any = None


class LedgerProperties(msgspec.Struct):
    """What the ledger goes by: taken in another type, sums and states would be wrong in silence."""

    subscription_id: Annotated[str, msgspec.Meta(max_length=255)] | None = None
    status: str | None = None
    mrr: Annotated[float, msgspec.Meta(ge=-LARGEST_MRR, le=LARGEST_MRR)] | None = None
    cancel_at_period_end: bool | None = None


class LedgerUpdate(msgspec.Struct):
    """The place of these properties in the record, so that a fault names it."""

    properties: LedgerProperties | None = None


# The names under which others know them -> the ledger's.
OTHER_NAMES: Final = {"trial_ends_at": "trial_end", "current_period_end": "renews_at"}
TIMES: Final = ("started_at", "trial_end", "renews_at", "cancel_at")
# They go on, so that nothing of a cancellation holds any longer but what they say themselves.
GOES_ON: Final = ("Subscription Started", "Subscription Resumed")
THIN: Final = "v2.core.event"
# In a foreign currency, what is reported in another.
AMOUNTS: Final = ("mrr", "amount")

_UPDATE: Final = msgspec.json.Decoder(Update)
_PROPERTIES: Final = msgspec.json.Decoder(WithProperties)


class BillingUpdates:
    """Decodes updates of either form."""

    def __init__(self, options: InputOptions):
        self._options = options
        self._money = Money(options.currency, options.currency_rates)
        self._nobody = Nobody(options.not_users)
        self._stripe = StripeEvents(options, self._money, self._nobody)

    def decode(self, raw: bytes | None, key: bytes | None, record_ms: int | None) -> Decoded:
        """`record_ms` is None where a record has no time of its own, as in a file."""
        try:
            text = records.read_text(raw)
        except Unusable as unusable:
            return unusable.reject
        try:
            body = records.read_body(_UPDATE, text)
            if body.object == THIN:
                raise Unusable(
                    "thin_event",
                    "this is a thin event of Stripe, which holds no data: choose the payload style Snapshot for its"
                    " event destination",
                )
            if body.object == "event":
                return self._stripe.decode(text, key, record_ms)
            return self._decode_plain(body, text, key, record_ms)
        except Unusable as unusable:
            mended_text = mended(text)
            return unusable.reject if mended_text is None else self.decode(mended_text.encode(), key, record_ms)

    def decode_all(self, fetched: Sequence[Record]) -> list[Decoded]:
        return [self.decode(record.value, record.key, record.timestamp) for record in fetched]

    def _decode_plain(self, body: Update, text: str, key: bytes | None, record_ms: int | None) -> Decoded:
        name = _event_name(body)
        user = records.find_user(body.user_id, body.anonymous_id, key, self._nobody)
        if user is ANONYMOUS:
            return ANONYMOUS
        return Event(
            subject=user,
            ts=records.event_time(records.read_time("timestamp", body.timestamp), record_ms, self._options.earliest_ms),
            name=name,
            active=False,
            message_id=body.message_id or None,
            properties=self._read_properties(text, name),
            traits={},
            touches_ledger=name in LEDGER_EVENTS,
        )

    def _read_properties(self, text: str, name: str) -> dict[str, Value]:
        """All of them; null is absent. Of the ledger's, None is gone."""
        properties = records.read_objects(_PROPERTIES, text).properties or {}
        found: dict[str, Value] = {name: value for name, value in flatten(properties).items() if value is not None}
        currency = found.get("currency")
        if isinstance(currency, str):
            for amount in AMOUNTS:
                if isinstance(value := found.get(amount), int | float) and not isinstance(value, bool):
                    found[amount] = self._money.reported(value, currency, "properties.currency")
        return _of_ledger(name, properties, found) if name in LEDGER_EVENTS else found


def _of_ledger(name: str, properties: JsonObject, found: dict[str, Value]) -> dict[str, Value]:
    """The properties of a Subscription or Trial update in the ledger's own words, if they can be what they say."""
    records.convert({"properties": properties}, LedgerUpdate)
    if found.get("status", STATUSES[0]) not in STATUSES:
        raise Unusable("wrong_type", f"`properties.status` is none of {', '.join(STATUSES)}")
    for other, own in OTHER_NAMES.items():
        if other in found:
            found.setdefault(own, found[other])
    for field in TIMES:
        if field in found and parse_time(found[field]) is None:
            said = next((other for other, own in OTHER_NAMES.items() if own == field and other in found), field)
            raise Unusable(
                "wrong_type",
                f"`properties.{said}` is no time, which is ISO 8601 such as 2026-12-01T09:00:00Z or epoch seconds",
            )
    if found.get("cancel_at_period_end") is False:
        found.setdefault("cancel_at", None)
    if name in GOES_ON:
        found = {**dict.fromkeys(CANCELLATION), **found}
    return found


def _event_name(body: Update) -> str:
    if body.type != "billing":
        raise Unusable("unknown_type", "`type` is not billing, and `object` is not event, as of Stripe's events")
    if not body.event:
        raise Unusable("no_event_name", "a billing update needs a name in `event`")
    return body.event
