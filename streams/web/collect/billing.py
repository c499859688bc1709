"""Billing updates that are posted, decided as a worker would.

Comes in: an update's bytes, and whose it is where the sender says so. Goes out: a record, what it was passed over for,
or why it cannot be used.
"""

from collections.abc import Mapping

import msgspec

from streams.core.events import Event, Ignored, Reads, Reject
from streams.kafka.publisher import Outgoing
from streams.settings import PREFIX, Settings
from streams.sources import InputOptions
from streams.sources.billing import BillingUpdates
from streams.sources.stripe import PASSED_OVER
from streams.topics import BILLING_UPDATES

PassedOver = Mapping[str, str]


class _Object(msgspec.Struct):
    id: object = None
    kind: object = msgspec.field(default=None, name="object")
    customer: object = None


class _Data(msgspec.Struct):
    object: _Object | None = None


class _Whose(msgspec.Struct):
    data: _Data | None = None
    anonymous_id: object = msgspec.field(default=None, name="anonymousId")


_WHOSE = msgspec.json.Decoder(_Whose)


class PostedBilling:
    """Makes records of them."""

    def __init__(self, settings: Settings):
        self._decoder = BillingUpdates(Reads({}), InputOptions.of(settings))
        self._topic = settings.topic(BILLING_UPDATES.name)

    def record(self, raw: bytes, received_ms: int, user: str | None = None) -> Outgoing | PassedOver | Reject:
        """user: whose it is where it does not say so itself. The key is the user, else the customer of Stripe's."""
        alias = user or _alias(raw)
        decoded = self._decoder.decode(raw, None if alias is None else alias.encode(), received_ms)
        if isinstance(decoded, Reject):
            return decoded
        if isinstance(decoded, Ignored):
            return _passed_over(decoded.kind)
        key = decoded.subject if isinstance(decoded, Event) else alias
        return Outgoing(self._topic, key, raw, received_ms)


def _alias(raw: bytes) -> str | None:
    """The customer that a Stripe event is about, or the anonymous id of a plain update."""
    try:
        found = _WHOSE.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    about = found.data.object if found.data else None
    if about is None:
        alias = found.anonymous_id
    else:
        alias = about.id if about.kind == "customer" else about.customer
    if isinstance(alias, dict):  # expanded
        alias = alias.get("id")
    return alias if isinstance(alias, str) and alias else None


def _passed_over(kind: str) -> PassedOver:
    """
    >>> _passed_over("Stripe's test mode"), _passed_over("product.created")
    ({'passed_over': 'test mode', 'setting': 'SEGMENTER_STRIPE_LIVEMODE'}, {'passed_over': 'type product.created'})
    """
    if kind in PASSED_OVER:
        return {"passed_over": kind.removeprefix("Stripe's "), "setting": PREFIX + PASSED_OVER[kind].upper()}
    return {"passed_over": f"type {kind}"}
