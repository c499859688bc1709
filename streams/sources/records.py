"""What all foreign shapes share: bytes to a typed body, whose it is, and when it happened.

Comes in: a record's bytes, key and time. Goes out: what was asked for; where there is none, `Unusable` is raised,
which the shapes' `decode` hand on as the value that it holds.
"""

import json
import re
from collections.abc import Sequence
from math import isfinite
from typing import Final, Protocol, TypeVar

import msgspec

from streams.core.events import Reject
from streams.core.instants import EARLIEST_MS, format_time, is_instant, parse_time
from streams.sources.nested import JsonObject
from streams.sources.options import Nobody

MAX_RECORD_BYTES: Final = 1 << 20
MAX_ID_CHARACTERS: Final = 255
MAX_AHEAD_MS: Final = 300_000  # further ahead of its record, and it is the client's clock that is wrong
# What msgspec says of a type that is wrong, and its kinds in the words of whoever sent it.
MISMATCH: Final = re.compile(r"Expected `([a-z| ]+)`, got `([a-z]+)`(?: - at `\$\.?([^`]*)`)?")
MISSING: Final = re.compile(r"Object missing required field `([^`]+)`(?: - at `\$\.?([^`]*)`)?")
OUT_OF_RANGE: Final = re.compile(r"Number out of range(?: - at `\$\.?([^`]*)`)?")
TOO_LARGE: Final = "is a number that no double holds, of more than 1.8e308 or so: leave it out, or send null"
BOUND: Final = re.compile(r"Expected `[a-z]+` (<=|>=|of length <=) ([-0-9.e+]+)(?: - at `\$\.?([^`]*)`)?")
BOUNDS: Final = {"<=": "is more than", ">=": "is less than", "of length <=": "has more characters than"}
KINDS: Final = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}
NESTED_TOO_DEEPLY: Final = "the record is nested too deeply"

Time = str | int | float | None
Body = TypeVar("Body")


class Record(Protocol):
    """A record as it was fetched; `timestamp` is its own time in ms: None, or below 0, where it has none."""

    @property
    def value(self) -> bytes | None: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def timestamp(self) -> int | None: ...


class Skimmed(msgspec.Struct, gc=False):
    """An object whose content does not matter yet."""


class WithProperties(msgspec.Struct):
    """What else an event is decoded to whose properties are read."""

    properties: JsonObject | None = None


class Unusable(ValueError):
    """Ends the decoding of a record. It never leaves this package."""

    def __init__(self, code: str, reason: str):
        super().__init__(reason)
        self.reject = Reject(code, reason)


def read_text(raw: bytes | None) -> str:
    """All of a record as text, so that bytes which no rule reads decide nothing differently from those one does."""
    if raw is None:
        raise Unusable("not_json", "the record has no value")
    if len(raw) > MAX_RECORD_BYTES:
        raise Unusable("too_large", f"the record has {len(raw)} bytes, more than {MAX_RECORD_BYTES}")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise Unusable("not_json", f"the record is not UTF-8: {error.reason} (byte {error.start})") from error


def read_body(decoder: msgspec.json.Decoder[Body], text: str) -> Body:
    """The part of a record that the decoder's type names. A fault names field and type, never the value."""
    try:
        return decoder.decode(text)
    except msgspec.ValidationError as error:
        raise mismatch(error) from error
    except msgspec.DecodeError as error:
        raise Unusable("not_json", str(error)) from error
    except RecursionError as error:
        raise Unusable("not_json", NESTED_TOO_DEEPLY) from error


def read_bodies(decoder: msgspec.json.Decoder[Body], fetched: Sequence[Record]) -> list[Body] | None:
    """`read_body` of each, without a call a record; None where any of them needs a closer look."""
    raws = [raw for record in fetched if (raw := record.value) is not None]
    if len(raws) < len(fetched) or max(map(len, raws)) > MAX_RECORD_BYTES:
        return None
    try:
        return list(map(decoder.decode, map(bytes.decode, raws)))
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError):
        return None


def read_objects(decoder: msgspec.json.Decoder[Body], text: str) -> Body:
    """More of a record that `read_body` found usable; a number that no double holds is null, and no fault.

    Rules decide which objects are read. They must not decide whether a record can be used.
    """
    try:
        return decoder.decode(text)
    except msgspec.ValidationError:
        try:
            tolerant = json.loads(text, parse_int=_double, parse_float=_double)
        except RecursionError as error:
            raise Unusable("not_json", NESTED_TOO_DEEPLY) from error
    except RecursionError as error:
        raise Unusable("not_json", NESTED_TOO_DEEPLY) from error
    return convert(tolerant, decoder.type)


def mismatch(error: msgspec.ValidationError, within: str = "") -> Unusable:
    """The fault in words: "`userId` is a whole number, and must be a text". `within` is where the decoded part stands.

    Null may stand for everything that can be left out, and an int for a float; neither need be said.
    """
    said = str(error)
    if (bound := BOUND.fullmatch(said)) is not None:
        place = ".".join(filter(None, [within, bound[3]]))
        return Unusable("wrong_type", f"`{place}` {BOUNDS[bound[1]]} {float(bound[2]):,.15g}")
    if (beyond := OUT_OF_RANGE.fullmatch(said)) is not None:
        place = ".".join(filter(None, [within, beyond[1]]))
        return Unusable("wrong_type", f"{_subject(place)} {TOO_LARGE}")
    if (missing := MISSING.fullmatch(said)) is not None:
        place = ".".join(filter(None, [within, missing[2], missing[1]]))
        return Unusable("wrong_type", f"`{place}` is missing")
    found = MISMATCH.fullmatch(said)
    if found is None or not {*found[1].split(" | "), found[2]} <= KINDS.keys():
        return Unusable("wrong_type", said.replace("`$", f"`{within}") if within else said)
    kinds = found[1].split(" | ")
    wanted = [KINDS[kind] for kind in kinds if kind != "null" and not (kind == "int" and "float" in kinds)]
    place = ".".join(filter(None, [within, found[3]]))
    return Unusable("wrong_type", f"{_subject(place)} is {KINDS[found[2]]}, and must be {' or '.join(wanted)}")


def _subject(place: str) -> str:
    return f"`{place}`" if place else "the record"


def convert(decoded: object, to: type[Body], within: str = "") -> Body:
    """What JSON was decoded to, checked against a type. within: where it stands."""
    try:
        return msgspec.convert(decoded, to)
    except msgspec.ValidationError as error:
        raise mismatch(error, within) from error


def _double(digits: str) -> float | None:
    number = float(digits)
    return number if isfinite(number) else None


def find_user(user_id: str | None, key: bytes | None, nobody: Nobody | None = None) -> str:
    """The body's user; the record's key only where the body names nobody. An id of `nobody` is none."""
    if user_id is None or (nobody is not None and nobody.lacks(user_id)):
        user_id = _key_text(key)
        if nobody is not None and nobody.lacks(user_id):
            raise Unusable("no_user", "what it gives as its user names nobody (setting not_users)")
    return checked_id(user_id)


def checked_id(found: str, what: str = "a user id") -> str:
    """Of a user; or of an alias, which `what` calls by its field."""
    if 1 <= len(found) <= MAX_ID_CHARACTERS:
        return found
    raise Unusable("no_user", f"{what} has 1 to {MAX_ID_CHARACTERS} characters, this one {len(found)}")


def _key_text(key: bytes | None) -> str:
    if key is None:
        raise Unusable("no_user", "there is no `userId`, no `anonymousId` and no record key that names anybody")
    try:
        return key.decode()
    except UnicodeDecodeError as error:
        raise Unusable("no_user", "there is no `userId`, and the record's key is not UTF-8") from error


def read_id(field: str, value: object) -> str | None:
    """Of a field that may be of any type; None where it is absent."""
    return None if value is None else convert(value, str, field)


def read_time(field: str, value: Time) -> int | None:
    """A field's instant in ms, None where the field is absent."""
    ms = parse_time(value)
    if ms is None and value is not None:
        raise Unusable("no_time", f"`{field}` is neither ISO 8601 nor an epoch time of the years 1 to 9999")
    return ms


def event_time(stated: int | None, record_ms: int | None, earliest_ms: int = EARLIEST_MS) -> int:
    """The time that the body states, unless it is too far ahead of its record; the record's where it states none.

    Kafka knows records without a time, of producers that are old: they bear -1. A record's time of before the earliest
    is none either, nor is one that a producer counted in microseconds.
    """
    if record_ms is None or record_ms < max(earliest_ms, 0) or not is_instant(record_ms):
        if stated is None:
            raise Unusable("no_time", "there is no `timestamp`")
        found = stated
    else:
        found = record_ms if stated is None or stated > record_ms + MAX_AHEAD_MS else stated
    if found < earliest_ms:
        raise Unusable(
            "no_time", f"the time is before {format_time(earliest_ms)[:10]} (setting earliest): no clock was set"
        )
    return found
