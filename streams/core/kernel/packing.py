"""Rows to bytes and back: what is zero is skipped, as most of a row is.

Comes in: rows of 8-byte words. Goes out: the packing of Cap'n Proto, little-endian
(https://capnproto.org/encoding.html#packing): before each word a tag byte, whose bit i says that byte i is not
zero, then the bytes that are not; after tag 0 the number of zero words that follow; after tag 0xff (and its
8 bytes) the number of words that follow as they are. A row begins with a byte that is the caller's own, its prefix.
"""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from streams.core.arrays import Ints
from streams.core.kernel.jit import compiled, entry, inlined

LONGEST_RUN = 255


@inlined
def _put(word, out, at):
    """Write a tag and its bytes. Every byte is written, and only one that is not zero is kept: so nothing branches."""
    tag, end = 0, at + 1
    for i in range(8):
        byte = (word >> (8 * i)) & 0xFF
        out[end] = byte
        end += byte != 0
        tag |= (byte != 0) << i
    out[at] = tag
    return tag, end


@inlined
def _put_whole(word, out, at):
    for i in range(8):
        out[at + i] = (word >> (8 * i)) & 0xFF
    return at + 8


@inlined
def _goes_on(word, tag):
    """Whether a word belongs to a run: of zeros, or of words without a byte that is zero."""
    if tag == 0:
        return word == 0
    whole = True
    for i in range(8):
        whole &= (word >> (8 * i)) & 0xFF != 0
    return whole


@compiled
def _pack_row(row, words, out, at):
    word = 0
    while word < words:
        tag, at = _put(row[word], out, at)
        word += 1
        if tag == 0 or tag == 0xFF:
            counted, at = at, at + 1
            run = word
            while run < words and run - word < LONGEST_RUN and _goes_on(row[run], tag):
                if tag != 0:
                    at = _put_whole(row[run], out, at)
                run += 1
            out[counted] = run - word
            word = run
    return at


@entry
def _pack(table, rows, words, prefix, out, ends):
    at = 0
    for i in range(len(rows)):
        out[at] = prefix
        at = _pack_row(table[rows[i]], words, out, at + 1)
        ends[i] = at


@compiled
def _take(packed, at, tag):
    word = np.int64(0)
    for i in range(8):
        if tag & (1 << i):
            word |= np.int64(packed[at]) << (8 * i)
            at += 1
    return word, at


@compiled
def _is_short(at, end, tag):
    """Whether the bytes end before the ones a tag promises."""
    for i in range(8):
        at += (tag >> i) & 1
    return at > end


@compiled
def _unpack_row(packed, at, end, row, words):
    """Returns whether the bytes are exactly one row of so many words."""
    word = 0
    while word < words:
        if at >= end:
            return False
        tag = int(packed[at])
        if _is_short(at + 1, end, tag):
            return False
        row[word], at = _take(packed, at + 1, tag)
        word += 1
        if tag == 0 or tag == 0xFF:
            if at >= end:
                return False
            run, at = int(packed[at]), at + 1
            if word + run > words or (tag != 0 and at + 8 * run > end):
                return False
            for k in range(word, word + run):
                row[k], at = _take(packed, at, tag)
            word += run
    return at == end


@entry
def _unpack(packed, ends, table, words):
    at = 0
    for i in range(len(ends)):
        if not _unpack_row(packed, at + 1, ends[i], table[i], words):
            return i
        at = ends[i]
    return -1


def pack(table: Ints, rows: Ints, words: int, prefix: int) -> list[bytes]:
    """The first `words` words of some rows of a table, packed, one `bytes` a row: the byte `prefix`, then the words."""
    out = np.empty(len(rows) * (1 + words * 9 + words // LONGEST_RUN + 2), np.uint8)
    ends = np.zeros(len(rows) + 1, np.int64)
    _pack(table, rows, words, prefix, out, ends[1:])
    whole, places = out[: ends[-1]].tobytes(), ends.tolist()
    return [whole[start:end] for start, end in pairwise(places)]


def unpack(packed: list[bytes], words: int) -> Ints:
    """Rows of `words` words, whatever their prefixes. ValueError names the first that is none."""
    table = np.zeros((len(packed), words), np.int64)
    ends = np.cumsum(list(map(len, packed)), dtype=np.int64)
    whole: npt.NDArray[np.uint8] = np.frombuffer(b"".join(packed), np.uint8)
    broken = _unpack(whole, ends, table, words)
    if broken >= 0:
        raise ValueError(f"row {broken} does not unpack to {words} words")
    return table
