"""Who JSON objects are about, in compiled code: of each the texts of a few members, hashed, without decoding it.

Comes in: objects in UTF-8, with where each starts and ends, and the names of members. Goes out: of each object and
member

    0 or more   32 bits of the hash of its text, to which case, spaces and quotes make no difference
    ABSENT      it is not there, or null
    ODD         it is no text, has escapes or letters beyond ASCII, or stands there twice
    BLANK       there is no object, nothing at all

An object of which the members cannot be told apart is ODD in all of them. What stands within one that was not asked for
is passed over, and need not be JSON: whoever decodes the object says so.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from xxhash import xxh32_intdigest

from streams.core.arrays import Ints
from streams.core.kernel.jit import compiled, entry, inlined

Bytes = npt.NDArray[np.uint8]

ABSENT, ODD, BLANK = -1, -2, -3
FAULT = 1 << 62  # behind the end of any object: it cannot be read

QUOTE, BACKSLASH, COLON, COMMA = ord('"'), ord("\\"), ord(":"), ord(",")
OPEN, CLOSE, OPEN_LIST, CLOSE_LIST = ord("{"), ord("}"), ord("["), ord("]")
SPACE, APOSTROPHE, BACKTICK = ord(" "), ord("'"), ord("`")
UPPER_A, UPPER_Z, TO_LOWER = ord("A"), ord("Z"), ord("a") - ord("A")
LETTER_N, ASCII_END = ord("n"), 0x80

# FNV-1a of 32 bits (https://www.rfc-editor.org/rfc/rfc9923): products stay below 2^63.
FNV_OFFSET, FNV_PRIME, FNV_BITS = 0x811C_9DC5, 0x0100_0193, 0xFFFF_FFFF


@inlined
def _added(number, byte):
    """A hash with one more byte of the text."""
    if byte <= SPACE or byte == QUOTE or byte == APOSTROPHE or byte == BACKTICK:
        return number
    if UPPER_A <= byte <= UPPER_Z:
        byte += TO_LOWER
    return ((number ^ byte) * FNV_PRIME) & FNV_BITS


@inlined
def _after_spaces(raw, at, end):
    while at < end and raw[at] <= SPACE:
        at += 1
    return at


@inlined
def _after_text(raw, at, end):
    """Behind the text of which the first quote is at `at`."""
    at += 1
    while at < end:
        byte = raw[at]
        if byte == QUOTE:
            return at + 1
        if byte == BACKSLASH:
            at += 1
        at += 1
    return FAULT


@inlined
def _after_nested(raw, at, end):
    """Behind an object or a list."""
    depth = 0
    while at < end:
        byte = raw[at]
        if byte == QUOTE:
            at = _after_text(raw, at, end)
            continue
        if byte == OPEN or byte == OPEN_LIST:
            depth += 1
        elif byte == CLOSE or byte == CLOSE_LIST:
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    return FAULT


@inlined
def _after_word(raw, at, end):
    """Behind a number, true, false or null."""
    while at < end and raw[at] != COMMA and raw[at] != CLOSE and raw[at] > SPACE:
        at += 1
    return at


@inlined
def _after_value(raw, at, end):
    if at >= end:
        return FAULT
    if raw[at] == QUOTE:
        return _after_text(raw, at, end)
    if raw[at] == OPEN or raw[at] == OPEN_LIST:
        return _after_nested(raw, at, end)
    return _after_word(raw, at, end)


@inlined
def _after_name(raw, at, end):
    """Behind the name of a member. One with escapes is none: it may be any, written so."""
    at += 1
    while at < end:
        if raw[at] == QUOTE:
            return at + 1
        if raw[at] == BACKSLASH:
            return FAULT
        at += 1
    return FAULT


@inlined
def _value_behind(raw, at, end):
    """Where the value begins of the name that ends at `at`."""
    at = _after_spaces(raw, at, end)
    return _after_spaces(raw, at + 1, end) if at < end and raw[at] == COLON else FAULT


@inlined
def _which(raw, start, end, names, name_ends):
    """The place among the names of that in raw[start:end]; how many there are, if it is none of them."""
    name_start = 0
    for i in range(len(name_ends)):
        if name_ends[i] - name_start == end - start:
            same = 0
            while same < end - start and raw[start + same] == names[name_start + same]:
                same += 1
            if same == end - start:
                return i
        name_start = name_ends[i]
    return len(name_ends)


@inlined
def _hash(raw, start, end):
    """Of the text in raw[start:end]."""
    number = FNV_OFFSET
    for at in range(start, end):
        byte = int(raw[at])
        if byte == BACKSLASH or byte >= ASCII_END:
            return ODD
        number = _added(number, byte)
    return number


@inlined
def _hash_of_value(raw, start, end):
    if raw[start] == QUOTE:
        return _hash(raw, start + 1, end - 1)
    return ABSENT if raw[start] == LETTER_N else ODD


@compiled
def _read(raw, at, end, names, name_ends, found):
    """Note the members of the object at `at`; whether it could be read."""
    if raw[at] != OPEN:
        return False
    at = _after_spaces(raw, at + 1, end)
    while at < end and raw[at] == QUOTE:
        name_start, name_end = at + 1, _after_name(raw, at, end) - 1
        value_start = _value_behind(raw, name_end + 1, end)
        at = _after_value(raw, value_start, end)
        if at > end:
            return False
        member = _which(raw, name_start, name_end, names, name_ends)
        if member < len(name_ends):
            found[member] = _hash_of_value(raw, value_start, at) if found[member] == ABSENT else ODD
        at = _after_spaces(raw, at, end)
        if at < end and raw[at] == COMMA:
            at = _after_spaces(raw, at + 1, end)
        elif at >= end or raw[at] != CLOSE:
            return False
    if at >= end or raw[at] != CLOSE:
        return False
    return _after_spaces(raw, at + 1, end) == end


@entry
def _hash_all(raw, starts, ends, hashes):
    for i in range(len(starts)):
        hashes[i] = _hash(raw, starts[i], ends[i])


@entry
def _read_all(raw, starts, ends, names, name_ends, found):
    for i in range(len(starts)):
        start = _after_spaces(raw, starts[i], ends[i])
        found[i, :] = ABSENT
        if start == ends[i]:
            found[i, :] = BLANK
        elif not _read(raw, start, ends[i], names, name_ends, found[i]):
            found[i, :] = ODD


def hashes_of_members(raw: Bytes, starts: Ints, ends: Ints, names: Sequence[str]) -> Ints:
    """A line of each object, with a column of each member."""
    found = np.empty((len(starts), len(names)), np.int64)
    wanted = [name.encode() for name in names]
    _read_all(raw, starts, ends, np.frombuffer(b"".join(wanted), np.uint8), np.cumsum(list(map(len, wanted))), found)
    return found


def hashes_of_texts(raw: Bytes, starts: Ints, ends: Ints) -> Ints:
    """Of texts that stand there as they are."""
    found = np.empty(len(starts), np.int64)
    _hash_all(raw, starts, ends, found)
    return found


def hash_of(text: str) -> int:
    """Of one, with escapes and letters of any kind.

    >>> hash_of("ann") == hash_of(" 'Ann' "), hash_of("ann") == hash_of("bob")
    (True, False)
    """
    raw = text.encode(errors="surrogatepass")
    hashed = int(hashes_of_texts(np.frombuffer(raw, np.uint8), np.zeros(1, np.int64), np.array([len(raw)]))[0])
    return xxh32_intdigest(raw) if hashed == ODD else hashed
