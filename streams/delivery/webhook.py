"""Webhooks: what is posted to whom, how it is signed, and when it is tried again.

Comes in: endpoints as their file has them, changes and messages. Goes out: bodies, headers, instants. It follows
Standard Webhooks: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hmac
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Final, Literal, NamedTuple

import msgspec

from streams.core.changes import Change
from streams.core.instants import DAY_MS, HOUR_MS, format_time
from streams.delivery.chance import share

MINUTE_MS: Final = 60_000
AGAIN_AFTER_MS: Final = (
    *(5_000, 5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS, 5 * HOUR_MS),
    *(10 * HOUR_MS, 14 * HOUR_MS, 20 * HOUR_MS, DAY_MS),
)
"""After each attempt that failed; after the last of them there is none."""
JITTER: Final = 0.1
"""Up to so much of it more, by a hash: what failed together is not tried together."""
MOST_RETRY_AFTER_MS: Final = DAY_MS
DISABLED_AFTER_MS: Final = 5 * DAY_MS
BOTH_SECRETS_MS: Final = DAY_MS
PREFIX: Final = "whsec_"
SLOW_DOWN: Final = (429, 502, 504)
GONE: Final = 410


class Endpoint(NamedTuple):
    """segments: whose changes it gets, by segment or rule; None for all. secrets: the names of environment variables,
    the newest first. form: of the bodies."""

    name: str
    url: str
    segments: frozenset[str] | None = frozenset()
    secrets: tuple[str, ...] = ()
    headers: Mapping[str, str] = {}
    live_only: bool = False
    form: Literal["change", "segment"] = "change"

    def wants(self, change: Change, is_live: bool) -> bool:
        if self.live_only and not is_live:
            return False
        return self.segments is None or change.concerns(self.segments)


class Queued(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What waits to be posted. id: the webhook's. message: None of a change. attempt: the next one, from 1. due_at: in
    ms."""

    endpoint: str
    user: str
    id: str
    body: bytes
    message: str | None
    variant: str | None
    change_id: str
    due_at: int
    attempt: int = 1

    def again(self, failed_at_ms: int, retry_after_ms: int | None) -> "Queued | None":
        """The next attempt; None after the last."""
        if self.attempt > len(AGAIN_AFTER_MS):
            return None
        wait_ms = AGAIN_AFTER_MS[self.attempt - 1]
        wait_ms += int(wait_ms * JITTER * share(self.id, self.endpoint, str(self.attempt)))
        wait_ms = max(wait_ms, min(retry_after_ms or 0, MOST_RETRY_AFTER_MS))
        return msgspec.structs.replace(self, attempt=self.attempt + 1, due_at=failed_at_ms + wait_ms)

    def encode(self) -> bytes:
        return _pack(self)

    @classmethod
    def decode(cls, raw: bytes) -> "Queued":
        return _unpack(raw)


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Queued).decode
_encode = msgspec.json.Encoder().encode


class Outcome(NamedTuple):
    """Of an attempt. said: in words, such as `HTTP 503`. is_final: no further attempt can help. retry_after_ms: what
    the endpoint asks for."""

    number: int
    is_done: bool
    said: str
    at_ms: int
    is_final: bool = False
    retry_after_ms: int | None = None


class Webhook(NamedTuple):
    """id: by which who receives it tells what comes twice."""

    id: str
    body: bytes


def webhooks_of(endpoint: Endpoint, change: Change, raw: bytes) -> Sequence[Webhook]:
    """What an endpoint that wants a change is told of it. raw: the change as it was published."""
    if endpoint.form == "segment":
        return [_audience(change, segment, entered) for segment, entered in _moves(endpoint, change)]
    said = {"type": change.type, "timestamp": format_time(change.occurred_at), "data": msgspec.Raw(raw)}
    return [Webhook(change.id, _encode(said))]


def message_body(sent_at_ms: int, record: object) -> bytes:
    """record: the message as it goes by way of Kafka."""
    return _encode({"type": "message.sent", "timestamp": format_time(sent_at_ms), "data": record})


def check_body(at_ms: int) -> bytes:
    """To try whether an endpoint takes what we send."""
    return _encode({"type": "segmenter.test", "timestamp": format_time(at_ms), "data": {}})


def _moves(endpoint: Endpoint, change: Change) -> Iterator[tuple[str, bool]]:
    """The segments that are left and entered: of a tier both levels, those of them that it wants to hear of."""
    for segment, entered in ((change.previous, False), (change.segment, change.entered)):
        if segment and (endpoint.segments is None or not endpoint.segments.isdisjoint((change.rule, segment))):
            yield segment, entered


def _audience(change: Change, segment: str, entered: bool) -> Webhook:
    """As Segment's Engage tells an event destination of an audience, by a track call.

    https://segment.com/docs/engage/using-engage-data/
    """
    identity = change.id if segment == change.segment else sha256(f"{change.id}\0{segment}".encode()).hexdigest()
    said = {
        "type": "track",
        "event": "Audience Entered" if entered else "Audience Exited",
        "userId": change.subject,
        "messageId": identity,
        "timestamp": format_time(change.occurred_at),
        "properties": {"audience_key": segment, segment: entered},
        "context": {"personas": {"computation_class": "audience", "computation_key": segment}},
    }
    return Webhook(identity, _encode(said))


def key_of(secret: str) -> bytes:
    """What to sign with. ValueError: it is no secret such as `whsec_..`, 24 to 64 bytes in base64."""
    key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    if not 24 <= len(key) <= 64:
        raise ValueError("a secret has 24 to 64 bytes")
    return key


def signed(webhook_id: str, at_s: int, body: bytes, keys: Sequence[bytes]) -> dict[str, str]:
    """The headers, with a signature by each key."""
    said = f"{webhook_id}.{at_s}.".encode() + body
    signatures = (base64.b64encode(hmac.digest(key, said, "sha256")).decode() for key in keys)
    return {
        "content-type": "application/json",
        "webhook-id": webhook_id,
        "webhook-timestamp": str(at_s),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def fingerprint(keys: Sequence[bytes]) -> str:
    """By which it is told whether secrets are others than before; it says nothing of them."""
    return sha256(b"".join(hmac.digest(key, b"segmenter", "sha256") for key in keys)).hexdigest()[:16]
