"""CloudEvents: `POST /v1/events`, binary, structured or batched.

    segmenter.product   data is an event of the Segment spec      → product-events
    segmenter.billing   data is a billing update in the plain form → billing-updates
    com.stripe.*        data is an event of Stripe's               → billing-updates

An event's id is the `messageId`, its subject the user.
"""

import time
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from starlette.responses import Response
from starlette.types import Receive

from streams.core.events import Reject
from streams.kafka.publisher import Outgoing
from streams.settings import Settings
from streams.sources import InputOptions
from streams.sources import cloudevents as source
from streams.sources.cloudevents import CloudEvent
from streams.sources.posted import Limits, Posted, PostedEvents
from streams.topics import PRODUCT_EVENTS
from streams.web.collect.billing import PassedOver, PostedBilling
from streams.web.collect.segment import new_id
from streams.web.collect.senders import Gate, Kafka, Resource, Sent, count_refused
from streams.web.refusal import Refusal

PATHS: Final = ("/v1/events", "/events")


def resources(settings: Settings, gate: Gate, kafka: Kafka) -> Mapping[str, Resource]:
    return dict.fromkeys(PATHS, CloudEvents(settings, gate, kafka))


class CloudEvents(Resource):
    def __init__(self, settings: Settings, gate: Gate, kafka: Kafka):
        super().__init__(gate, kafka)
        self._limits = Limits(settings.collect_event_bytes, settings.collect_batch_bytes, settings.collect_batch_events)
        self._product = PostedEvents(InputOptions.of(settings), self._limits, new_id)
        self._product_topic = settings.topic(PRODUCT_EVENTS.name)
        self._billing = PostedBilling(settings)

    async def take(self, sent: Sent, receive: Receive) -> Response:
        body = await self.gate.body(sent, receive, self._limits.batch_bytes)
        key = self.gate.let_in(sent, None)
        events = source.read(sent.headers, body)
        if isinstance(events, Reject):
            raise Refusal(400, events.code, events.reason)
        if len(events) > self._limits.batch_events:
            raise Refusal(413, "too_many", f"a batch has up to {self._limits.batch_events} events: send it in two")
        self.gate.count(sent, len(events))
        now_ms = time.time_ns() // 1_000_000
        found = [self._record(event, key, now_ms) for event in events]
        if not source.is_batched(sent.headers) and isinstance(found[0], Reject):
            raise Refusal(400, found[0].code, found[0].reason)
        await self.confirm(sent, [each for each in found if isinstance(each, Outgoing)])
        return self._told(sent, found)

    def _told(self, sent: Sent, found: list[Outgoing | PassedOver | Reject]) -> Response:
        refused = [(at, each) for at, each in enumerate(found) if isinstance(each, Reject)]
        count_refused(sent, (each.code for _, each in refused))
        said: dict[str, Any] = {}
        if refused:
            said["errors"] = [{"index": at, "code": each.code, "message": each.reason} for at, each in refused]
        passed = [{"index": at, **each} for at, each in enumerate(found) if not isinstance(each, (Outgoing, Reject))]
        if passed:
            said["passed_over"] = passed
        return self.done(sent, said)

    def _record(self, event: CloudEvent, key: str | None, now_ms: int) -> Outgoing | PassedOver | Reject:
        try:
            if event.type == source.PRODUCT:
                return self._product_record(event.record(), key, now_ms)
            if event.type == source.BILLING:
                return self._billing.record(event.record(kind="billing"), now_ms)
            if event.type.startswith(source.STRIPE):
                return self._billing.record(event.payload(), now_ms, event.subject)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
            return Reject("not_json", f"the event's data: {error}")
        return Reject("unknown_type", f"`type` is none of {source.PRODUCT}, {source.BILLING}, {source.STRIPE}*")

    def _product_record(self, item: bytes, key: str | None, now_ms: int) -> Outgoing | Reject:
        taken, refused = self._product.records(Posted([item], None, None, {}), key, now_ms)
        if refused:
            return Reject(refused[0].code, refused[0].message)
        return Outgoing(self._product_topic, taken[0].key, taken[0].value, now_ms)
