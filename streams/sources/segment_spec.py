"""Product events in the Segment spec, as Segment, RudderStack and Jitsu send them (docs/semantics.md#product-events).

Comes in: one record, or those of a fetch. Goes out: of each an `Event`, or the `Reject` that says why it cannot be
used. A record is skimmed first; properties, traits and context are decoded only where rules or a document read them.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import compress
from typing import Any, Final

import msgspec

from streams.core.events import Decoded, Event, Reads, Value
from streams.core.instants import is_instant
from streams.core.links import Link, Unlinked
from streams.sources import records
from streams.sources.aliases import NO_LINKS, find_subject, linking, links_of_alias, links_of_traits
from streams.sources.columns import NOTHING, Columns, plain_tracks
from streams.sources.envelope import Envelope
from streams.sources.mending import mended
from streams.sources.nested import JsonObject, flatten, pick
from streams.sources.options import InputOptions, Nobody
from streams.sources.records import (
    MAX_AHEAD_MS,
    MAX_ID_CHARACTERS,
    Record,
    Skimmed,
    Time,
    Unusable,
    WithProperties,
)
from streams.sources.remedies import with_remedy
from streams.sources.times import parse_times
from streams.sources.traits import of_group, of_identify
from streams.sources.warnings import Warnings

# Type -> the event it counts as; the last three count as none. A track event names itself.
EVENT_NAMES: Final = {"page": "Page Viewed", "screen": "Screen Viewed", "identify": "", "group": "", "alias": ""}

TYPES: Final = frozenset({"track", *EVENT_NAMES})

# So many records are decoded together: enough to share the cost of a call, few enough to stay in the processor's cache.
CHUNK: Final = 256

# More than that of properties and context is left out, but for what rules read, where all of them are read.
MOST_WHOLE_BYTES: Final = 2 << 10

ACTIVE: Final = "active"


class SkimmedContext(msgspec.Struct, gc=False):
    """As much of `context` as every event needs."""

    active: object = None


class Skim(msgspec.Struct, rename="camel", gc=False):
    """What every record is decoded to: the fields of the spec, and whether the objects are objects."""

    type: str | None = None
    message_id: str | None = None
    user_id: str | None = None
    event: str | None = None
    timestamp: Time = None
    properties: Skimmed | None = None
    context: SkimmedContext | None = None
    anonymous_id: str | None = None
    name: str | None = None
    group_id: str | None = None
    traits: Skimmed | None = None
    original_timestamp: Time = None
    sent_at: Time = None
    received_at: Time = None
    previous_id: object = None


class WithContext(msgspec.Struct):
    """What else every event is decoded to where `context` is read."""

    context: JsonObject | None = None


class Line(msgspec.Struct, gc=False):
    """A line of a file as a record, which has neither key nor time of its own."""

    value: bytes
    key: None = None
    timestamp: None = None


_ENCODER: Final = msgspec.json.Encoder()
_SKIM: Final = msgspec.json.Decoder(Skim)
_PROPERTIES: Final = msgspec.json.Decoder(WithProperties)
_CONTEXT: Final = msgspec.json.Decoder(WithContext)


def _members(wanted: Collection[str]) -> dict[str, str]:
    """By the field that it is skimmed to, each member of `context` in which something wanted may be: of `device.type`
    that is `device`, and `device.type` itself.
    """
    parts = [name.split(".") for name in sorted(wanted)]
    names = dict.fromkeys(".".join(part[:n]) for part in parts for n in range(1, len(part) + 1))
    return {ACTIVE if name == ACTIVE else f"read_{number}": name for number, name in enumerate(names)}


def _skim_with(members: Mapping[str, str]) -> type[Skim]:
    """A `Skim` whose context has these members, too."""
    more = {field: name for field, name in members.items() if field != ACTIVE}  # which every context has
    fields = [(field, object, msgspec.field(default=None, name=name)) for field, name in more.items()]
    context = msgspec.defstruct("ReadContext", fields, bases=(SkimmedContext,), gc=False)
    body = [("context", context | None, None)]
    skim: type[Any] = msgspec.defstruct("ReadSkim", body, bases=(Skim,), rename="camel", gc=False)
    return skim


def is_product_event(record: Envelope) -> bool:
    return isinstance(record.type, str) and record.type in TYPES


class SegmentSpec:
    """Decodes for one set of rules: `reads` says what they read."""

    def __init__(self, reads: Reads, options: InputOptions, warnings: Warnings):
        passive_events = options.passive_events
        self._nobody = Nobody(options.not_users, warnings)
        self._earliest_ms = options.earliest_ms
        self._link_traits = options.link_traits
        self._properties = {name: wanted for name, wanted in reads.properties.items() if wanted}
        self._of_any = reads.of_any
        self._context = reads.context
        self._unlinked_whole = reads.unlinked_whole
        self._passive_events = passive_events
        # Of other track events nothing is read but their context, and they are activity unless they say otherwise.
        self._special = passive_events | self._properties.keys()
        self._all_special = bool(reads.of_any)
        self._members = _members(reads.context)
        self._skim = msgspec.json.Decoder(_skim_with(self._members)) if self._members else _SKIM

    def decode(self, raw: bytes | None, key: bytes | None, record_ms: int | None, *, whole: bool = False) -> Decoded:
        """`record_ms` is None where a record has no time of its own, as in a file. whole: with all properties
        and all of `context`, whatever rules read."""
        try:
            text = records.read_text(raw)
        except Unusable as unusable:
            return with_remedy(unusable.reject, raw or b"")
        try:
            body = records.read_body(_SKIM, text)
        except Unusable as unusable:
            return self._decode_mended(unusable, text, key, record_ms, whole)
        return self._decode_body(body, text, None, key, record_ms, whole)

    def _decode_mended(
        self, unusable: Unusable, text: str, key: bytes | None, record_ms: int | None, whole: bool
    ) -> Decoded:
        mended_text = mended(text)
        if mended_text is not None:
            return self.decode(mended_text.encode(), key, record_ms, whole=whole)
        return with_remedy(unusable.reject, text.encode())

    def decode_all(self, fetched: Sequence[Record]) -> list[Decoded]:
        """`decode` of each, at a lower price: chunk by chunk, and one by one where a chunk has an unusable record."""
        decoded: list[Decoded] = []
        for start in range(0, len(fetched), CHUNK):
            chunk = fetched[start : start + CHUNK]
            bodies = records.read_bodies(self._skim, chunk)
            if bodies is None:
                decoded += [self.decode(record.value, record.key, record.timestamp) for record in chunk]
            else:
                decoded += self._decode_bodies(bodies, chunk)
        return decoded

    def decode_lines(self, lines: Sequence[bytes], otherwise: Callable[[bytes], Decoded]) -> list[Decoded]:
        """The same of lines of a file; what is perhaps no product event is left to `otherwise`."""
        decoded: list[Decoded] = []
        for start in range(0, len(lines), CHUNK):
            chunk = list(map(Line, lines[start : start + CHUNK]))
            bodies = records.read_bodies(self._skim, chunk)
            decoded += self.decode_skimmed(bodies or [None] * len(chunk), chunk, otherwise)
        return decoded

    def decode_skimmed(
        self, bodies: Sequence[Skim | None], lines: Sequence[Record], otherwise: Callable[[bytes], Decoded]
    ) -> list[Decoded]:
        """The same of lines that have been skimmed, but for some."""
        is_product = [body is not None and body.type in TYPES for body in bodies]
        skimmed = [body for body in bodies if body is not None and body.type in TYPES]
        product = self._decode_bodies(skimmed, list(compress(lines, is_product)))
        return [
            next(product) if of_product else otherwise(line.value or b"")
            for line, of_product in zip(lines, is_product, strict=True)
        ]

    def decode_plain(self, columns: Columns) -> list[Event | None]:
        """The same of rows without context: of each plain track event, as most are; None of what is to be skimmed."""
        if self._all_special:
            return [None] * len(columns.type)
        return plain_tracks(columns, self._special, self._nobody, self._earliest_ms)

    def reads_more(self, body: Skim) -> bool:
        """Whether more of such a record is read than it is skimmed to."""
        return body.type != "track" or self._all_special or body.event in self._special

    def _decode_bodies(self, bodies: Sequence[Skim], fetched: Sequence[Record]) -> Iterator[Decoded]:
        """`_decode_body` of each; what a plain track event gives, as most are, is seen at once, without a call."""
        special, all_special = self._special, self._all_special
        nobody, longest, earliest_ms = self._nobody, self._nobody.longest, self._earliest_ms
        times = parse_times([body.timestamp for body in bodies])
        for body, ts, record in zip(bodies, times, fetched, strict=True):
            user, name, context, bears = body.user_id, body.event, body.context, body.anonymous_id
            if (
                body.type == "track"
                and name
                and not all_special
                and name not in special
                and user
                and len(user) <= MAX_ID_CHARACTERS
                and ts is not None
                and earliest_ms <= ts
                and ((record_ms := record.timestamp) is None or ts <= record_ms + MAX_AHEAD_MS)
                and (len(user) > longest or user not in nobody)
                and (bears is None or len(bears) > longest or bears not in nobody)
                and (context is None or context.active is not False)
            ):
                traits = NOTHING if context is None or not self._members else self._picked(context)
                identity = None if bears is None else linking(user, bears)
                yield Event(user, ts, name, True, body.message_id or None, NOTHING, traits, identity=identity)
            else:
                yield self._decode_body(body, records.read_text(record.value), ts, record.key, record.timestamp)

    def _decode_body(
        self,
        body: Skim,
        text: str,
        stated: int | None,
        key: bytes | None,
        record_ms: int | None,
        whole: bool = False,
    ) -> Decoded:
        """`stated`: the time that is in `timestamp`, where that is known already."""
        try:
            name = _event_name(body)
            traits = NOTHING if name and not self._context else self._read_traits(body, text)
            links = self._links(body, traits)
            subject, identity = find_subject(body.user_id, body.anonymous_id, key, self._nobody, links)
            is_whole = whole or (self._unlinked_whole and isinstance(identity, Unlinked))
            properties = self._read_properties(body, name, text, is_whole) if name else NOTHING
            return Event(
                subject=subject,
                ts=records.event_time(_stated_time(body) if stated is None else stated, record_ms, self._earliest_ms),
                name=name,
                active=self._is_active(body, name),
                message_id=body.message_id or None,
                properties=properties,
                traits=traits,
                identity=identity,
                unread_context=self._unread_context(text, properties) if is_whole else None,
            )
        except Unusable as unusable:
            return self._decode_mended(unusable, text, key, record_ms, whole)

    def _links(self, body: Skim, traits: Mapping[str, Value]) -> tuple[Link, ...]:
        """What it says of aliases beside its `anonymousId`."""
        if body.type == "alias":
            return links_of_alias(body.previous_id, body.user_id, self._nobody)
        return links_of_traits(traits, self._link_traits, self._nobody) if body.type == "identify" else NO_LINKS

    def _is_active(self, body: Skim, name: str) -> bool:
        if not name or name in self._passive_events:
            return False
        return body.context is None or body.context.active is not False

    def _read_properties(self, body: Skim, name: str, text: str, whole: bool) -> Mapping[str, Value]:
        wanted = self._properties.get(name, self._of_any)
        if not wanted and not whole:
            return NOTHING
        nested = records.read_objects(_PROPERTIES, text).properties or {}
        if whole:
            properties = _picked_of(body, nested, {*flatten(nested), "name"})
            if len(_ENCODER.encode(properties)) <= MOST_WHOLE_BYTES:
                return properties
        return _picked_of(body, nested, wanted)

    def _read_traits(self, body: Skim, text: str) -> dict[str, Value]:
        traits = self._read_context(text) if self._context else {}
        if body.type == "identify":
            traits |= of_identify(text)
        elif body.type == "group":
            traits |= of_group(body.group_id, text)
        return traits

    def _picked(self, context: SkimmedContext) -> Mapping[str, Value]:
        """What rules read of a context that was skimmed together with the record."""
        found = {name: value for field, name in self._members.items() if (value := getattr(context, field)) is not None}
        return self._context_traits(found) if found else NOTHING

    def _context_traits(self, context: JsonObject) -> dict[str, Value]:
        return {f"context.{name}": value for name, value in pick(context, self._context).items()}

    def _unread_context(self, text: str, properties: Mapping[str, Value]) -> Mapping[str, Value] | None:
        """What no rule reads of it, where there is room for it beside the properties."""
        context = records.read_objects(_CONTEXT, text).context or {}
        unread = pick(context, [name for name in flatten(context) if name not in self._context])
        has_room = len(_ENCODER.encode({**properties})) + len(_ENCODER.encode(unread)) <= MOST_WHOLE_BYTES
        return unread if unread and has_room else None

    def _read_context(self, text: str) -> dict[str, Value]:
        return self._context_traits(records.read_objects(_CONTEXT, text).context or {})


def _picked_of(body: Skim, nested: JsonObject, wanted: Collection[str]) -> dict[str, Value]:
    properties = pick(nested, wanted)
    if body.type != "track" and body.name is not None and "name" in wanted:
        properties.setdefault("name", body.name)
    return properties


def _event_name(body: Skim) -> str:
    if body.type == "track":
        if not body.event:
            raise Unusable("no_event_name", "a track event needs a name in `event`")
        return body.event
    if body.type in EVENT_NAMES:
        return EVENT_NAMES[body.type]
    raise Unusable("unknown_type", "`type` is none of track, page, screen, identify, group, alias")


def _stated_time(body: Skim) -> int | None:
    if body.timestamp is not None:
        return records.read_time("timestamp", body.timestamp)
    original = records.read_time("originalTimestamp", body.original_timestamp)
    if original is None:
        return None
    sent, received = records.read_time("sentAt", body.sent_at), records.read_time("receivedAt", body.received_at)
    if sent is None or received is None:
        return original
    corrected = received - (sent - original)
    if not is_instant(corrected):
        raise Unusable("no_time", "`originalTimestamp`, corrected for the client's clock, leaves the years 1 to 9999")
    return corrected
