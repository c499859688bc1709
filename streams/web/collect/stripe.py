"""Stripe's webhooks: `POST /v1/stripe`.

A delivery is signed over its raw body (https://docs.stripe.com/webhooks#verify-manually), is answered with 200 once
Kafka has it, and is sent again for days where it was not: so ids are remembered for a week, from the confirmation on,
lest a crash before it loses one.
"""

import hmac
import time
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

from starlette.responses import Response
from starlette.types import Receive

from streams.core.events import Reject
from streams.errors import SegmenterError
from streams.kafka.publisher import Outgoing
from streams.log import log
from streams.settings import Settings
from streams.sources.envelope import envelope
from streams.sources.records import MAX_RECORD_BYTES
from streams.state.format import STRIPE_EVENTS
from streams.state.store import GroupStore
from streams.web.collect.billing import PostedBilling
from streams.web.collect.senders import COME_AGAIN_S, Gate, Kafka, Resource, Sent
from streams.web.refusal import Refusal

TOLERANCE_S: Final = 300
REMEMBERED_S: Final = 7 * 86_400
PATHS: Final = ("/v1/stripe", "/stripe")
SENDER: Final = "stripe"  # as metrics name it


def resources(settings: Settings, gate: Gate, kafka: Kafka, store: GroupStore) -> Mapping[str, Resource]:
    resource = StripeWebhooks(settings, gate, kafka, store)
    return dict.fromkeys(PATHS, resource)


class StripeWebhooks(Resource):
    def __init__(self, settings: Settings, gate: Gate, kafka: Kafka, store: GroupStore):
        super().__init__(gate, kafka)
        self._settings = settings
        self._store = store
        self._billing = PostedBilling(settings)

    async def take(self, sent: Sent, receive: Receive) -> Response:
        sent.key = SENDER
        body = await self.gate.body(sent, receive, MAX_RECORD_BYTES)
        self._verify(sent, body)
        found = self._billing.record(body, time.time_ns() // 1_000_000)
        if isinstance(found, Reject):
            raise Refusal(400, found.code, found.reason)
        if not isinstance(found, Outgoing):
            return self.done(sent, found)
        return await self._once(sent, envelope(body).id, found)

    async def _once(self, sent: Sent, event: object, record: Outgoing) -> Response:
        try:
            if await self._store.remembers(STRIPE_EVENTS, str(event)):
                return self.done(sent, {"repeated": True})
        except SegmenterError as error:
            # Stripe sends it again; what it sent before would count twice.
            raise Refusal(503, "redis_away", str(error), {"Retry-After": str(COME_AGAIN_S)}) from None
        await self.confirm(sent, [record])
        try:
            await self._store.remember(STRIPE_EVENTS, str(event), REMEMBERED_S)
        except SegmenterError as error:
            log.warning("stripe - an event was taken and its id not remembered, a repeat may count twice: %s", error)
        return self.done(sent)

    def _verify(self, sent: Sent, body: bytes) -> None:
        secrets = [each.strip() for each in (self._settings.secret("stripe_secrets") or "").split(",") if each.strip()]
        if not secrets:
            raise Refusal(400, "not_set_up", "set SEGMENTER_STRIPE_SECRETS to the signing secret of this endpoint")
        header = sent.headers.get(b"stripe-signature", b"")
        if (why := why_not(header, body, secrets, time.time())) is not None:
            raise Refusal(400, "bad_signature", why)


def why_not(header: bytes, body: bytes, secrets: Sequence[str], now_s: float) -> str | None:
    """What is wrong with a signature; None where one of the secrets made it, lately.

    >>> why_not(b"t=1,v1=00", b"{}", ["whsec_x"], now_s=1.0)
    'no signature in Stripe-Signature is made with a secret of SEGMENTER_STRIPE_SECRETS over the body as it was sent'
    """
    fields = [part.strip().partition(b"=") for part in header.split(b",")]
    times = [value for name, _, value in fields if name == b"t"]
    signatures = [value for name, _, value in fields if name == b"v1"]
    if not times or not times[0].isdigit() or len(times[0]) > 12 or not signatures:
        return "the header Stripe-Signature has no `t=` and `v1=`"
    signed = times[0] + b"." + body
    made = [hmac.new(secret.encode(), signed, sha256).hexdigest().encode() for secret in secrets]
    if not any(hmac.compare_digest(one, other) for one in made for other in signatures):
        return (
            "no signature in Stripe-Signature is made with a secret of SEGMENTER_STRIPE_SECRETS over the body as it was"
            " sent"
        )
    if int(times[0]) < now_s - TOLERANCE_S:
        return f"it was signed more than {TOLERANCE_S} s ago: is this machine's clock right?"
    return None
