"""POST /v1/feed/events: what a user did with messages, `{"events": [{"id", "type", "at"}]}`.

type is seen, read, clicked or dismissed; at is when, now where it is left out. Answers `{"taken"}`: how many were new.
Said again it changes nothing, and what came first stays. Each new one becomes a product event, such as
`Message Clicked`, which is Kafka's before it is noted in the feed: a crash in between sends it again under the same
messageId, and it counts once.

While two users become one what stands in a feed moves to the other's, and a mark that is put meanwhile would stay
behind: browsers are told to come again.
"""

import time
from collections.abc import Iterable
from hashlib import sha256
from typing import Annotated, Final, Protocol

import msgspec
from starlette.responses import Response
from starlette.types import Receive

from streams.core.instants import format_time, parse_time
from streams.delivery.feed import Feed, FeedMessage, Mark, Marked
from streams.delivery.recipient import Recipient
from streams.errors import Busy
from streams.kafka.publisher import Outgoing
from streams.state.feeds import FeedStore
from streams.state.format import RECIPIENTS
from streams.state.store import ShardStore
from streams.web.answers import JsonAnswer
from streams.web.bodies import Bodies
from streams.web.feed.readers import PRIVATE, Asked, Door, Found, Resource
from streams.web.refusal import Refusal, come_again

MOST_EVENTS: Final = 200
MOST_BYTES: Final = 64 << 10
EVENTS: Final[dict[Mark, str]] = {mark: f"Message {mark.title()}" for mark in ("seen", "read", "clicked", "dismissed")}


class Writes(Protocol):
    """Whatever takes records to Kafka, and returns when Kafka has them."""

    async def write(self, records: Iterable[Outgoing]) -> None: ...


class Said(msgspec.Struct):
    """One of the events of a request."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    type: Mark
    at: str | None = None


class Body(msgspec.Struct):
    events: Annotated[list[Said], msgspec.Meta(max_length=MOST_EVENTS)]


_decode = msgspec.json.Decoder(Body).decode


class Marking(Resource):
    method = "POST"

    def __init__(self, door: Door, feeds: FeedStore, deliveries: ShardStore, kafka: Writes, topic: str):
        super().__init__(door)
        self._feeds, self._deliveries = feeds, deliveries
        self._kafka = kafka
        self._topic = topic
        self._bodies = Bodies()

    async def answer(self, asked: Asked, receive: Receive) -> Response:
        user = self.door.reader(asked).user
        said = _body(await self._bodies.read(asked.headers, receive, MOST_BYTES))
        found = await self.door.read(self._feeds, user)
        await self._check_stays(user, found, said)
        done = _new(found.feed, said, time.time_ns() // 1_000_000)
        if done:
            await self._publish(found.user, found.feed, done)
            await self._feeds.mark(found.shard, found.user, [mark for each in done for mark in each.implied()])
            await self._check_stays(user, found, said)  # it may have been told to move meanwhile
        return JsonAnswer({"taken": len(done)}, 200, dict(PRIVATE))

    async def _check_stays(self, user: str, found: Found, said: list[Said]) -> None:
        """Refusal: the feed is about to move, or what it is about has not arrived yet."""
        raw = await self._deliveries.get(found.shard, RECIPIENTS, found.user)
        recipient = Recipient() if raw is None else Recipient.decode(raw)
        has_arrived = found.user == user or user in recipient.was or all(each.id in found.feed.entries for each in said)
        if recipient.successor is not None or not has_arrived:
            raise come_again("moving", "two users are becoming one, and their messages are on their way", 2)

    async def _publish(self, user: str, feed: Feed, done: list[Marked]) -> None:
        records = [product_event(user, FeedMessage.decode(feed.entries[each.message].message), each) for each in done]
        try:
            await self._kafka.write(Outgoing(self._topic, user, record) for record in records)
        except Busy as error:
            raise come_again("busy", str(error), 2) from None


def product_event(user: str, message: FeedMessage, done: Marked) -> bytes:
    """As a producer would send it. It is no activity: that a message was shown is not the user's own doing."""
    told = sha256("\0".join((message.id, done.mark)).encode()).hexdigest()
    return msgspec.json.encode(
        {
            "type": "track",
            "messageId": told,
            "userId": user,
            "event": EVENTS[done.mark],
            "timestamp": format_time(done.at_ms),
            "properties": {"message": message.message, "variant": message.variant, "message_id": message.id},
            "context": {"active": False, "source": "segmenter"},
        }
    )


def _new(feed: Feed, said: list[Said], now_ms: int) -> list[Marked]:
    """Those that the feed does not know. A browser's clock may be wrong: none is of the future, nor of before the
    message was there."""
    done: dict[tuple[str, Mark], Marked] = {}
    for each in said:
        entry = feed.entries.get(each.id)
        if entry is None or each.type in entry.marks or (each.id, each.type) in done:
            continue
        at_ms = now_ms if each.at is None else _time(each.at)
        message = FeedMessage.decode(entry.message)
        at_ms = max(min(at_ms, now_ms), min(message.created_at, now_ms))
        done[each.id, each.type] = Marked(each.id, each.type, at_ms, message.message)
    return list(done.values())


def _time(at: str) -> int:
    at_ms = parse_time(at)
    if at_ms is None:
        raise Refusal(400, "bad_time", "at is a time such as 2026-03-01T09:00:00Z")
    return at_ms


def _body(raw: bytes) -> list[Said]:
    try:
        return _decode(raw).events
    except msgspec.ValidationError as error:
        raise Refusal(400, "bad_event", str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refusal(400, "bad_json", 'the body must be JSON: {"events": [{"id", "type", "at"}]}') from None
