"""Events as SDKs post them, one or a batch, put right as records of the topic `product-events`.

Comes in: the body of a request, and when it came. Goes out: of each item that can be used the record and its key; of
each other one why not. What is taken here is no dead letter later: the decoder of that topic says what can be used.

A client's `timestamp` is its `originalTimestamp`: by its own clock, which may be wrong, as its `sentAt` is. So the time
of an event is `receivedAt - (sentAt - originalTimestamp)`, unless that is a correction by more than a day: a batch that
was closed long before it could be sent (https://segment.com/docs/connections/spec/common/#timestamps).
"""

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

import msgspec

from streams.core.events import Decoded, Event, Reads, Reject
from streams.core.instants import DAY_MS, format_time, is_instant, parse_time
from streams.sources.mending import BYTE_ORDER_MARK
from streams.sources.options import InputOptions
from streams.sources.records import NESTED_TOO_DEEPLY, mismatch
from streams.sources.segment_spec import SegmentSpec
from streams.sources.warnings import Warnings

LONGEST_CORRECTION_MS: Final = DAY_MS
# Neither is an event's own: a key is not to be kept, and a retry bears another `sentAt`.
NOT_OF_THE_ITEM: Final = ("sentAt", "writeKey")

WORTH_A_CHUNK: Final = 8  # fewer records are decoded faster one by one

Members = dict[str, msgspec.Raw]
_MEMBERS: Final = msgspec.json.Decoder(Members)
_ANY: Final = msgspec.json.Decoder()
_MARK: Final = BYTE_ORDER_MARK.encode()


class Limits(NamedTuple):
    """Of what one request may hold. event_bytes: of one item, as it was sent."""

    event_bytes: int = 32 << 10
    batch_bytes: int = 500 << 10
    batch_events: int = 2_500


class Refused(NamedTuple):
    """An item that cannot be used: at which place of the batch, a code to count by, and why, for a person."""

    at: int
    code: str
    message: str


class Taken(NamedTuple):
    """A record, and its key: the user, or the alias under which the item came."""

    key: str
    value: bytes


class Posted(NamedTuple):
    """A request's body. type: of its only item, where the address says it. write_key: as the body has it."""

    items: Sequence[bytes | msgspec.Raw]
    type: str | None
    write_key: str | None
    shared: Members


class Incoming(msgspec.Struct, gc=False):
    """A record as the topic's decoder takes it."""

    value: bytes
    timestamp: int
    key: None = None


class _Batch(msgspec.Struct):
    batch: list[msgspec.Raw]
    write_key: object = msgspec.field(default=None, name="writeKey")
    context: msgspec.Raw = msgspec.Raw()
    integrations: msgspec.Raw = msgspec.Raw()
    sent_at: msgspec.Raw = msgspec.field(default_factory=msgspec.Raw, name="sentAt")


class _One(msgspec.Struct):
    write_key: object = msgspec.field(default=None, name="writeKey")


_BATCH: Final = msgspec.json.Decoder(_Batch)
_ONE: Final = msgspec.json.Decoder(_One)


def read_batch(body: bytes) -> Posted | Reject:
    """Items under `batch`, and beside them what holds for each that lacks it."""
    try:
        found = _BATCH.decode(body.removeprefix(_MARK))
    except _NOT_JSON as error:
        return _why(error)
    shared = {"context": found.context, "integrations": found.integrations, "sentAt": found.sent_at}
    return Posted(
        found.batch, None, _text(found.write_key), {name: shared[name] for name in shared if _value(shared, name)}
    )


def read_one(body: bytes, kind: str) -> Posted | Reject:
    """One item, whose type the address says."""
    body = body.removeprefix(_MARK)
    try:
        found = _ONE.decode(body)
    except _NOT_JSON as error:
        return _why(error)
    return Posted([body], kind, _text(found.write_key), {})


# What is raised of a body that is not JSON of the shape that is asked for.
_NOT_JSON: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def _why(error: Exception) -> Reject:
    if isinstance(error, msgspec.ValidationError):
        return mismatch(error).reject
    return Reject("not_json", NESTED_TOO_DEEPLY if isinstance(error, RecursionError) else str(error))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


class PostedEvents:
    """Makes records of what is posted. new_id: an id that no other item has."""

    def __init__(self, options: InputOptions, limits: Limits, new_id: Callable[[], str]):
        self._decoder = SegmentSpec(Reads({}), options, Warnings())
        self._limits = limits
        self._new_id = new_id

    def records(self, posted: Posted, source: str | None, received_ms: int) -> tuple[list[Taken], list[Refused]]:
        """source: the name of the key under which they came."""
        refused = [*self._too_many(posted)]
        put_right: list[tuple[int, Incoming]] = []
        common = _Common(posted, source, received_ms)
        for index, raw in enumerate(posted.items[: self._limits.batch_events]):
            members = self._members(index, bytes(raw))
            if isinstance(members, Refused):
                refused.append(members)
            else:
                value = common.put_right(members, self._new_id)
                put_right.append((index, Incoming(value, received_ms)))
        taken = list(self._decoded(put_right, refused))
        return taken, sorted(refused)

    def _too_many(self, posted: Posted) -> Iterator[Refused]:
        most = self._limits.batch_events
        for index in range(most, len(posted.items)):
            yield Refused(index, "too_many", f"a batch has up to {most} events: send it in two")

    def _members(self, index: int, raw: bytes) -> Members | Refused:
        if len(raw) > self._limits.event_bytes:
            most = self._limits.event_bytes
            return Refused(index, "too_large", f"the event has {len(raw)} bytes, more than {most}")
        try:
            return _MEMBERS.decode(raw)
        except _NOT_JSON as error:
            return Refused(index, *_fields(_why(error)))

    def _decoded(self, put_right: Sequence[tuple[int, Incoming]], refused: list[Refused]) -> Iterator[Taken]:
        decoded = self._decode([incoming for _, incoming in put_right])
        for (index, incoming), event in zip(put_right, decoded, strict=True):
            if isinstance(event, Reject):
                refused.append(Refused(index, *_fields(event)))
            else:
                assert isinstance(event, Event), "a product event is never ignored"
                yield Taken(event.subject, incoming.value)

    def _decode(self, incoming: Sequence[Incoming]) -> Sequence[Decoded]:
        if len(incoming) < WORTH_A_CHUNK:
            return [self._decoder.decode(each.value, None, each.timestamp) for each in incoming]
        return self._decoder.decode_all(incoming)


def _fields(reject: Reject) -> tuple[str, str]:
    return reject.code, reject.reason


class _Common:
    """What holds for all items of a request."""

    def __init__(self, posted: Posted, source: str | None, received_ms: int):
        self._type = None if posted.type is None else _raw(posted.type)
        self._shared = posted.shared
        self._received_ms = received_ms
        self._received = _raw(format_time(received_ms))
        self._source = None if source is None else msgspec.Raw(msgspec.json.encode(source))
        self._shared_context = _members_of(_value(posted.shared, "context")) or {}
        self._contexts: dict[bytes, msgspec.Raw] = {}  # most items of a batch have the same
        self._shared_sent = posted.shared.get("sentAt")
        self._shared_sent_ms = None if self._shared_sent is None else _time(self._shared_sent)

    def put_right(self, members: Members, new_id: Callable[[], str]) -> bytes:
        if self._type is not None:
            members["type"] = self._type
        if _value(members, "messageId") in (b"", b'""'):
            members["messageId"] = _raw(_id_of(members) or new_id())
        members.pop("writeKey", None)
        for name, raw in self._shared.items():
            if not _value(members, name):
                members[name] = raw
        members["receivedAt"] = self._received
        self._tell_time(members)
        if self._source is not None or self._shared_context:
            self._tell_context(members)
        return msgspec.json.encode(members)

    def _tell_time(self, members: Members) -> None:
        if not _value(members, "originalTimestamp"):
            if not _value(members, "timestamp"):
                members["timestamp"] = self._received
                return
            members["originalTimestamp"] = members["timestamp"]
        stated_ms = _time(members["originalTimestamp"])
        if stated_ms is not None:  # else the decoder tells what is wrong with it
            members["timestamp"] = _raw(format_time(self._corrected(stated_ms, members.get("sentAt"))))

    def _corrected(self, stated_ms: int, sent: msgspec.Raw | None) -> int:
        sent_ms = None if sent is None else self._shared_sent_ms if sent is self._shared_sent else _time(sent)
        if sent_ms is None or abs(self._received_ms - sent_ms) > LONGEST_CORRECTION_MS:
            return stated_ms
        corrected = self._received_ms - (sent_ms - stated_ms)
        return corrected if is_instant(corrected) else stated_ms

    def _tell_context(self, members: Members) -> None:
        """What the batch's context has and the item's lacks, and the key's name as its `source`."""
        said = _value(members, "context")
        known = self._contexts.get(said)
        if known is None:
            own = {} if said in (b"", b"[]") else _members_of(said)  # PHP's empty object
            if own is None:
                return  # the decoder tells what is wrong with it
            source = {} if self._source is None else {"source": self._source}
            known = msgspec.Raw(msgspec.json.encode({**self._shared_context, **own, **source}))
            self._contexts[said] = known
        members["context"] = known


def _members_of(raw: bytes) -> Members | None:
    """Those of an object."""
    try:
        return _MEMBERS.decode(raw)
    except _NOT_JSON:
        return None


def _value(members: Members, name: str) -> bytes:
    """As JSON; empty where it is absent, as null is."""
    raw = members.get(name)
    if raw is None:
        return b""
    value = bytes(raw)
    return b"" if value == b"null" else value


def _id_of(members: Members) -> str | None:
    """From what the item says, the same when it is sent again; None where it may well be said twice: without a time."""
    if not (_value(members, "timestamp") or _value(members, "originalTimestamp")):
        return None
    said = {name: _ANY.decode(raw) for name, raw in members.items() if name not in NOT_OF_THE_ITEM}
    return sha256(msgspec.json.encode(said, order="deterministic")).hexdigest()


def _time(raw: msgspec.Raw) -> int | None:
    return parse_time(_ANY.decode(raw))


def _raw(text: str) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(text))
