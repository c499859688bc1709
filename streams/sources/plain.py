"""Billing updates in the plain form, which is ours.

Comes in: the text of one record, its key and time. Goes out: an `Event` with all its properties; where it cannot be
used, `Unusable` is raised. The form is that of docs/semantics.md#billing-updates.
"""

from typing import Annotated, Final

import msgspec

from streams.core.events import Event, Value
from streams.core.instants import parse_time
from streams.core.profiles.ledger import CANCELLATION, LARGEST_MRR, LEDGER_EVENTS, OTHER_NAMES, STATUSES
from streams.sources import records
from streams.sources.aliases import find_subject
from streams.sources.envelope import Envelope
from streams.sources.money import Money
from streams.sources.nested import JsonObject, flatten
from streams.sources.options import InputOptions, Nobody
from streams.sources.records import Skimmed, Time, Unusable, WithProperties
from streams.sources.warnings import Warnings


class Update(msgspec.Struct, rename="camel", gc=False):
    """The fields of the form."""

    type: str | None = None
    message_id: str | None = None
    user_id: str | None = None
    anonymous_id: str | None = None
    event: str | None = None
    timestamp: Time = None
    properties: Skimmed | None = None


class LedgerProperties(msgspec.Struct):
    """What the ledger goes by: taken in another type, sums and states would be wrong in silence."""

    subscription_id: Annotated[str, msgspec.Meta(max_length=255)] | None = None
    status: str | None = None
    mrr: Annotated[float, msgspec.Meta(ge=-LARGEST_MRR, le=LARGEST_MRR)] | None = None
    cancel_at_period_end: bool | None = None


class LedgerUpdate(msgspec.Struct):
    """The place of these properties in the record, so that a fault names it."""

    properties: LedgerProperties | None = None


TYPE: Final = "billing"
TIMES: Final = ("started_at", "trial_end", "renews_at", "cancel_at")
# They go on, so that nothing of a cancellation holds any longer but what they say themselves.
GOES_ON: Final = ("Subscription Started", "Subscription Resumed")
# In a foreign currency, what is reported in another.
AMOUNTS: Final = ("mrr", "amount")

_UPDATE: Final = msgspec.json.Decoder(Update)
_PROPERTIES: Final = msgspec.json.Decoder(WithProperties)


def is_plain(record: Envelope) -> bool:
    return record.type == TYPE


class PlainUpdates:
    """Decodes them, for one set of options."""

    def __init__(self, options: InputOptions, warnings: Warnings):
        self._options, self._warnings = options, warnings
        self._money = Money(options.currency, options.currency_rates)
        self._nobody = Nobody(options.not_users, warnings)

    def decode(self, text: str, key: bytes | None, record_ms: int | None) -> Event:
        body = records.read_body(_UPDATE, text)
        name = _event_name(body)
        subject, identity = find_subject(body.user_id, body.anonymous_id, key, self._nobody)
        update = Event(
            subject=subject,
            ts=records.event_time(records.read_time("timestamp", body.timestamp), record_ms, self._options.earliest_ms),
            name=name,
            active=False,
            message_id=body.message_id or None,
            properties=self._read_properties(text, name),
            traits={},
            touches_ledger=name in LEDGER_EVENTS,
            identity=identity,
        )
        self._warnings.note_slips(update)
        return update

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
