"""What a record that cannot be used was most likely meant to be, said behind the reason.

Comes in: the reason, and the record's bytes. Goes out: the reason, perhaps with what to do. It names formats, and
fields that are almost called as one of ours is; nothing else of the record.
"""

import re
from collections.abc import Callable
from typing import Final

import msgspec
from msgspec.structs import replace

from streams.core.events import Reject

FIELDS: Final = (
    *("type", "messageId", "userId", "anonymousId", "previousId", "groupId", "event", "name", "properties", "traits"),
    *("context", "timestamp"),
)
# As files and messages begin that are no JSON (https://en.wikipedia.org/wiki/List_of_file_signatures).
FORMATS: Final = {
    b"\x1f\x8b": "this is gzip: unpack it, or call the file .gz",
    b"\x28\xb5\x2f\xfd": "this is zstd: unpack it, or call the file .zst",
    b"PK\x03\x04": "this is a zip file, as Excel's are: export it as JSON Lines",
    b"\xff\xfe": "this is UTF-16: save it as UTF-8",
    b"\xfe\xff": "this is UTF-16: save it as UTF-8",
}
LOOKED_AT: Final = 4  # bytes, for a text that is UTF-16 and does not say so
NO_NUMBERS: Final = re.compile(rb"[:\[,]\s*-?(?:NaN|Infinity)\b")
ONE_OBJECT: Final = "a record is one JSON object; in a file each is a line"
MISSING: Final = frozenset({"no_user", "unknown_type", "no_event_name", "no_time"})

COMMAND: Final = "a command about a user goes to profile-commands, as `segmenter erase` and `segmenter merge` send it"
OF_OTHER_TOPICS: Final = {
    **dict.fromkeys(('"erase"', '"merge"', '"merged"'), COMMAND),
    '"billing"': "a billing update goes to billing-updates",
}

_KEYS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def with_remedy(reject: Reject, raw: bytes) -> Reject:
    """
    >>> with_remedy(Reject("no_user", "there is no `userId`"), b'{"user_id": "ann"}').reason
    'there is no `userId`; `user_id` is to be called `userId`'
    """
    for codes, find in FINDERS:
        if reject.code in codes and (remedy := find(raw)):
            return replace(reject, reason=f"{reject.reason}; {remedy}")
    return reject


def _other_format(raw: bytes) -> str:
    text = raw.lstrip()
    for begins, remedy in FORMATS.items():
        if raw.startswith(begins):
            return remedy
    if b"\0" in raw[:LOOKED_AT]:
        return FORMATS[b"\xff\xfe"]
    if text.startswith(b"{'"):
        return "JSON has double quotes"
    if NO_NUMBERS.search(raw):
        return "JSON has no NaN and no Infinity: leave them out, or send null"
    return "" if text[:1] in (b"{", b"") else ONE_OBJECT


def _no_object(raw: bytes) -> str:
    match raw.lstrip()[:1]:
        case b"[":
            return "publish each member as a record of its own, in a file as a line of its own"
        case b'"' if b"{" in raw[:LOOKED_AT]:
            return "this is JSON within a text: send what is in it"
    return ""


def _misnamed(raw: bytes) -> str:
    keys = _keys(raw)
    names = {_plain(name): name for name in FIELDS}
    wrong = [(key, names[_plain(key)]) for key in keys if key not in FIELDS and _plain(key) in names]
    return ", ".join(f"`{key}` is to be called `{name}`" for key, name in wrong if name not in keys)


def _of_another_tool(raw: bytes) -> str:
    """`docs/sources.md`; or what is for another topic of ours."""
    if remedy := OF_OTHER_TOPICS.get(_keys(raw).get("type", "")):
        return remedy
    if b'"distinct_id"' in raw:
        return "this looks like PostHog's form: `distinct_id` is to be `userId`, `uuid` `messageId`"
    if b'"batch"' in raw:
        return "of a batch publish each of its messages as a record of its own"
    if b'"object"' not in raw:
        return ""
    if '"list"' in (told := _keys(raw).get("object", "")):
        return "of a list of Stripe's publish each of its `data` as a record of its own"
    return "this looks like an object of Stripe's: publish the event that tells of it" if told else ""


def _keys(raw: bytes) -> dict[str, str]:
    """The record's own, with their JSON."""
    try:
        return {key: bytes(value).decode() for key, value in _KEYS.decode(raw).items()}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}


def _plain(name: str) -> str:
    return re.sub("[_ -]", "", name).lower()


FINDERS: Final[tuple[tuple[frozenset[str], Callable[[bytes], str]], ...]] = (
    (frozenset({"not_json"}), _other_format),
    (frozenset({"wrong_type"}), _no_object),
    (frozenset({"unknown_type"}), _of_another_tool),
    (MISSING, _misnamed),
)
