"""Segment's HTTP tracking API, as its SDKs and those of RudderStack and Jitsu use it.

    POST /v1/track, identify, page, screen, group, alias, or /v1/t, i, p, s, g, a    one event
    POST /v1/batch, /v1/import, or /v1/b                                             several, under `batch`
    POST /v1/m                                                                       what an SDK tells of itself

SDKs put `/v1` before a path in different ways, so it may be missing or be there twice.
"""

import secrets
import time
from collections.abc import Mapping
from typing import Final

from starlette.responses import Response
from starlette.types import Receive

from streams.core.events import Reject
from streams.kafka.publisher import Outgoing
from streams.settings import Settings
from streams.sources import InputOptions
from streams.sources.posted import Limits, Posted, PostedEvents, read_batch, read_one
from streams.topics import PRODUCT_EVENTS
from streams.web.collect.senders import Gate, Kafka, Resource, Sent, count_refused
from streams.web.refusal import Refusal

PREFIXES: Final = ("", "/v1", "/v1/v1")
TYPES: Final = {
    "track": "track",
    "identify": "identify",
    "page": "page",
    "screen": "screen",
    "group": "group",
    "alias": "alias",
    "t": "track",
    "i": "identify",
    "p": "page",
    "s": "screen",
    "g": "group",
    "a": "alias",
}
BATCHES: Final = ("batch", "import", "b")
TELLS_OF_ITSELF: Final = "m"


def resources(settings: Settings, gate: Gate, kafka: Kafka) -> Mapping[str, Resource]:
    limits = Limits(settings.collect_event_bytes, settings.collect_batch_bytes, settings.collect_batch_events)
    events = PostedEvents(InputOptions.of(settings), limits, new_id)
    topic = settings.topic(PRODUCT_EVENTS.name)
    named: dict[str, Resource] = {TELLS_OF_ITSELF: Passed(gate, kafka)}
    for name, kind in TYPES.items():
        named[name] = Events(gate, kafka, events, topic, limits.event_bytes, kind)
    for name in BATCHES:
        named[name] = Events(gate, kafka, events, topic, limits.batch_bytes, None)
    return {f"{prefix}/{name}": resource for prefix in PREFIXES for name, resource in named.items()}


def new_id() -> str:
    return secrets.token_hex(16)


class Events(Resource):
    """kind: of the one event; None for a batch."""

    def __init__(
        self, gate: Gate, kafka: Kafka, events: PostedEvents, topic: str, limit: int, kind: str | None
    ) -> None:
        super().__init__(gate, kafka)
        self._events = events
        self._topic = topic
        self._limit = limit
        self._kind = kind

    async def take(self, sent: Sent, receive: Receive) -> Response:
        body = await self.gate.body(sent, receive, self._limit)
        posted = read_batch(body) if self._kind is None else read_one(body, self._kind)
        source = self.gate.let_in(sent, posted.write_key if isinstance(posted, Posted) else None)
        if isinstance(posted, Reject):
            raise Refusal(400, posted.code, posted.reason)
        self.gate.count(sent, len(posted.items))
        received_ms = time.time_ns() // 1_000_000
        taken, refused = self._events.records(posted, source, received_ms)
        if refused and self._kind is not None:
            raise Refusal(400, refused[0].code, refused[0].message)
        await self.confirm(sent, [Outgoing(self._topic, key, value, received_ms) for key, value in taken])
        if not refused:
            return self.done(sent)
        count_refused(sent, (each.code for each in refused))
        errors = [{"index": each.at, "code": each.code, "message": each.message} for each in refused]
        return self.done(sent, {"errors": errors})


class Passed(Resource):
    """Read, and forgotten: what an SDK tells of its own work is meant for those who make it."""

    async def take(self, sent: Sent, receive: Receive) -> Response:
        await self.gate.body(sent, receive, Limits().event_bytes)
        return self.done(sent)
