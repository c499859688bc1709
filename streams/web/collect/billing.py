"""Billing updates that are posted, decided as a worker would.

Comes in: an update's bytes, and whose it is where the sender says so. Goes out: a record, what it was passed over for,
or why it cannot be used.
"""

from collections.abc import Mapping

from streams.core.events import Ignored, Reads, Reject
from streams.kafka.publisher import Outgoing
from streams.settings import PREFIX, Settings
from streams.sources import InputOptions
from streams.sources.billing import BillingUpdates
from streams.sources.stripe import PASSED_OVER
from streams.sources.warnings import Warnings
from streams.topics import BILLING_UPDATES

PassedOver = Mapping[str, str]


class PostedBilling:
    """Makes records of them."""

    def __init__(self, settings: Settings):
        self._decoder = BillingUpdates(Reads({}), InputOptions.of(settings), Warnings())
        self._topic = settings.topic(BILLING_UPDATES.name)

    def record(self, raw: bytes, received_ms: int, user: str | None = None) -> Outgoing | PassedOver | Reject:
        """user: whose it is where it does not say so itself. The key is the user, else the alias it waits under."""
        decoded = self._decoder.decode(raw, None if user is None else user.encode(), received_ms)
        if isinstance(decoded, Reject):
            return decoded
        if isinstance(decoded, Ignored):
            return _passed_over(decoded.kind)
        return Outgoing(self._topic, decoded.subject, raw, received_ms)


def _passed_over(kind: str) -> PassedOver:
    """
    >>> _passed_over("Stripe's test mode"), _passed_over("product.created")
    ({'passed_over': 'test mode', 'setting': 'SEGMENTER_STRIPE_LIVEMODE'}, {'passed_over': 'type product.created'})
    """
    if kind in PASSED_OVER:
        return {"passed_over": kind.removeprefix("Stripe's "), "setting": PREFIX + PASSED_OVER[kind].upper()}
    return {"passed_over": f"type {kind}"}
