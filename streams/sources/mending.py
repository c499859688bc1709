"""What real senders get wrong in the same way every time, put right, so that a record can be used.

Comes in: the text of a record. Goes out: the same as its sender meant it, or None where nothing of this is wrong.

    a byte-order mark before the JSON           is left out
    half of a surrogate pair, as of a cut emoji  is U+FFFD, the sign for what cannot be read
    an empty list where an object belongs        is an empty object: PHP writes both alike
"""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

BYTE_ORDER_MARK: Final = "\ufeff"
# A backslash that is itself escaped, a whole pair, or a half of one.
_ESCAPES: Final = re.compile(
    r"\\\\|\\u[dD][89aAbB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)
_HALF: Final = len("\\ud83d")
# Where an object belongs, and where in it; `data` is of Stripe's events, which middlemen pass on as they read them.
_Objects = Mapping[str, "_Objects"]
_EMPTY: Final[_Objects] = {}
_OF_STRIPE: Final[_Objects] = {"metadata": _EMPTY, "cancellation_details": _EMPTY, "pause_collection": _EMPTY}
_OBJECTS: Final[_Objects] = {
    "properties": _EMPTY,
    "traits": _EMPTY,
    "context": {"traits": _EMPTY},
    "data": {"previous_attributes": {"metadata": _EMPTY}, "object": _OF_STRIPE},
}

_Members = dict[str, msgspec.Raw]
_MEMBERS: Final = msgspec.json.Decoder(_Members)


def mended(text: str) -> str | None:
    """
    >>> mended('{"properties": [], "event": "Half \\\\ud83d"}')
    '{"properties":{},"event":"Half \\\\ufffd"}'
    """
    whole = _ESCAPES.sub(lambda found: r"\ufffd" if len(found[0]) == _HALF else found[0], text)
    found = _with_objects(whole.removeprefix(BYTE_ORDER_MARK), _OBJECTS)
    return None if found == text else found


def _with_objects(text: str, objects: _Objects) -> str:
    try:
        members = _MEMBERS.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text
    changed = False
    for name, inner in objects.items():
        raw = bytes(members.get(name, b"")).decode()
        put = "{}" if raw[:1] == "[" and not raw.strip("[] \t\r\n") and raw.count("[") == 1 else raw
        if inner and put[:1] == "{":
            put = _with_objects(put, inner)
        if put != raw:
            members[name], changed = msgspec.Raw(put.encode()), True
    return msgspec.json.encode(members).decode() if changed else text
