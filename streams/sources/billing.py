"""Billing updates, in the plain form (CONTRACT 2.2 a); those of Stripe's own shape are handed on to `stripe.py`.

Comes in: one record. Goes out: an `Event` with all its properties, `ANONYMOUS`, `Ignored`, or the `Reject` that says
why the record cannot be used.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec

from streams.core.events import ANONYMOUS, Decoded, Event, Value
from streams.core.profiles.ledger import LARGEST_MRR, LEDGER_EVENTS
from streams.sources import records, stripe
from streams.sources.money import Money
from streams.sources.nested import flatten
from streams.sources.records import Record, Skimmed, Time, Unusable, WithProperties


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
    """What the ledger adds up by: taken in another type, the sums would be wrong in silence."""

    subscription_id: Annotated[str, msgspec.Meta(max_length=255)] | None = None
    status: str | None = None
    mrr: Annotated[float, msgspec.Meta(ge=-LARGEST_MRR, le=LARGEST_MRR)] | None = None


class LedgerUpdate(msgspec.Struct):
    """The place of these properties in the record, so that a fault names it."""

    properties: LedgerProperties | None = None


# In a foreign currency, what is reported in another.
AMOUNTS: Final = ("mrr", "amount")

_UPDATE: Final = msgspec.json.Decoder(Update)
_PROPERTIES: Final = msgspec.json.Decoder(WithProperties)


class BillingUpdates:
    """Decodes updates of either form; `money` says in which currency amounts are reported."""

    def __init__(self, money: Money):
        self._money = money

    def decode(self, raw: bytes | None, key: bytes | None, record_ms: int | None) -> Decoded:
        """`record_ms` is None where a record has no time of its own, as in a file."""
        try:
            text = records.read_text(raw)
            body = records.read_body(_UPDATE, text)
            if body.object == "event":
                return stripe.decode(text, key, record_ms, self._money)
            return self._decode_plain(body, text, key, record_ms)
        except Unusable as unusable:
            return unusable.reject

    def decode_all(self, fetched: Sequence[Record]) -> list[Decoded]:
        return [self.decode(record.value, record.key, record.timestamp) for record in fetched]

    def _decode_plain(self, body: Update, text: str, key: bytes | None, record_ms: int | None) -> Decoded:
        name = _event_name(body)
        user = records.find_user(body.user_id, body.anonymous_id, key)
        if user is ANONYMOUS:
            return ANONYMOUS
        return Event(
            subject=user,
            ts=records.event_time(records.read_time("timestamp", body.timestamp), record_ms),
            name=name,
            active=False,
            message_id=body.message_id or None,
            properties=self._read_properties(text, name),
            traits={},
            touches_ledger=name in LEDGER_EVENTS,
        )

    def _read_properties(self, text: str, name: str) -> dict[str, Value]:
        """All of them; null is absent."""
        properties = records.read_objects(_PROPERTIES, text).properties or {}
        if name in LEDGER_EVENTS:
            records.convert({"properties": properties}, LedgerUpdate)
        found: dict[str, Value] = {name: value for name, value in flatten(properties).items() if value is not None}
        currency = found.get("currency")
        if isinstance(currency, str):
            for amount in AMOUNTS:
                if isinstance(value := found.get(amount), int | float) and not isinstance(value, bool):
                    found[amount] = self._money.reported(value, currency, "properties.currency")
        return found


def _event_name(body: Update) -> str:
    if body.type != "billing":
        raise Unusable("unknown_type", "`type` is not billing, and `object` is not event, as of Stripe's events")
    if not body.event:
        raise Unusable("no_event_name", "a billing update needs a name in `event`")
    return body.event
