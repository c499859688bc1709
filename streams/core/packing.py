"""Rows to bytes and back: what is zero is skipped, as most of a row is.

Comes in: rows of 8-byte words. Goes out: the packing of Cap'n Proto, little-endian
(https://capnproto.org/encoding.html#packing): before each word a tag byte, whose bit i says that byte i is not
zero, then the bytes that are not; after tag 0 the number of zero words that follow; after tag 0xff (and its
8 bytes) the number of words that follow as they are.
"""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from streams.core.jit import compiled, entry
from streams.core.program import Ints

LONGEST_RUN = 255


@compiled
def _tag(word):
    tag = 0
    for i in range(8):
        if (word >> (8 * i)) & 0xFF:
            tag |= 1 << i
    return tag


@compiled
def _put(out, at, word, tag):
    for i in range(8):
        if tag & (1 << i):
            out[at] = (word >> (8 * i)) & 0xFF
            at += 1
    return at


@compiled
def _pack_row(row, words, out, at):
    word = 0
    while word < words:
        tag = _tag(row[word])
        out[at] = tag
        at = _put(out, at + 1, row[word], tag)
        word += 1
        if tag == 0 or tag == 0xFF:
            run = word
            while run < words and run - word < LONGEST_RUN and _tag(row[run]) == tag:
                run += 1
            out[at] = run - word
            at += 1
            for k in range(word, run):
                at = _put(out, at, row[k], tag)
            word = run
    return at


@entry
def _pack(table, rows, words, out, ends):
    at = 0
    for i in range(len(rows)):
        at = _pack_row(table[rows[i]], words, out, at)
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
        if at >= end or _is_short(at + 1, end, packed[at]):
            return False
        tag = packed[at]
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
        if not _unpack_row(packed, at, ends[i], table[i], words):
            return i
        at = ends[i]
    return -1


def pack(table: Ints, rows: Ints, words: int) -> list[bytes]:
    """The first `words` words of some rows of a table, packed, one `bytes` a row."""
    out = np.empty(len(rows) * (words * 9 + words // LONGEST_RUN + 2), np.uint8)
    ends = np.zeros(len(rows) + 1, np.int64)
    _pack(table, rows, words, out, ends[1:])
    whole, places = out[: ends[-1]].tobytes(), ends.tolist()
    return [whole[start:end] for start, end in pairwise(places)]


def unpack(packed: list[bytes], words: int) -> Ints:
    """Rows of `words` words. ValueError names the first that is none."""
    table = np.zeros((len(packed), words), np.int64)
    ends = np.cumsum(list(map(len, packed)), dtype=np.int64)
    whole: npt.NDArray[np.uint8] = np.frombuffer(b"".join(packed), np.uint8)
    broken = _unpack(whole, ends, table, words)
    if broken >= 0:
        raise ValueError(f"row {broken} does not unpack to {words} words")
    return table
