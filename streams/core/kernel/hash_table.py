"""A hash table with open addressing, in compiled code: where `streams.core.profiles.index` finds the rows of subjects.

Comes in: ids one after another in UTF-8, `ids`, and where each ends, `ends`. Goes out: their rows.

    slots    by hash: 31 bits of an id's hash, and the row
    places   by row: the id's first line in the arena, and how many bytes it has
    arena    lines of bytes, in which each id begins on a line of its own

The ids of a batch are hashed first, and what they lead to is asked for a few ids before it is needed. The hash only
says where to look: two ids are the same if all their bytes are.
"""

import numpy as np

from streams.core.kernel.jit import entry, inlined
from streams.core.kernel.prefetch import ask_for

LINE = 8  # bytes
TAG, ROW = 0, 1  # of a slot
FREE = -1  # the row of a slot that is nobody's, and the length of a place that is
START, LENGTH = 0, 1  # of a place
# By so many ids, what they lead to is asked for before it is needed: their slot; the row's place; the bytes there.
SLOT_AHEAD, PLACE_AHEAD, ID_AHEAD = 24, 16, 8

FACTOR = 0x5BD1_E995  # any large odd number of 31 bits: products of it and 32 bits stay below 2^63
LOW_HALF, TAG_BITS = 0xFFFF_FFFF, 0x7FFF_FFFF


@inlined
def _mixed(word):
    """32 bits, each of which depends on many of the 32 given ones."""
    product = word * FACTOR
    return (product ^ (product >> 31)) & LOW_HALF


@inlined
def _tag(ids, start, end):
    mixed, word, shift = _mixed(np.int64(end - start)), np.int64(0), 0
    for i in range(start, end):
        word |= np.int64(ids[i]) << shift
        shift += 8
        if shift == 32:
            mixed, word, shift = _mixed(mixed ^ word), np.int64(0), 0
    return _mixed(_mixed(mixed ^ word)) & TAG_BITS


@inlined
def _is_at(places, arena, row, ids, start, end):
    """Whether a row is that of the id ids[start:end]."""
    if places[row, LENGTH] != end - start:
        return False
    line = places[row, START]
    for i in range(end - start):  # noqa: SIM110 - numba has no generators
        if arena[line + i // LINE, i % LINE] != ids[start + i]:
            return False
    return True


@inlined
def _slot(slots, places, arena, ids, start, end, tag):
    """The slot of an id; a free one, where it would be, if it has none."""
    last = len(slots) - 1
    slot = tag & last
    while slots[slot, ROW] != FREE:
        if slots[slot, TAG] == tag and _is_at(places, arena, slots[slot, ROW], ids, start, end):
            break
        slot = (slot + 1) & last
    return slot


@inlined
def _guess(slots, tag):
    """The row of an id, most likely: the one in its first slot."""
    return np.int64(max(0, slots[tag & (len(slots) - 1), ROW]))


@entry
def find(slots, places, arena, ids, ends, tags, rows):
    """Note the tag and the row of each id, FREE where it has none."""
    count, last, start = len(ends), len(slots) - 1, 0
    for i in range(count):
        tags[i] = _tag(ids, start, ends[i])
        start = ends[i]
    start = 0
    for i in range(count):
        if i + SLOT_AHEAD < count:
            ask_for(slots, tags[i + SLOT_AHEAD] & last, TAG, ROW)
        if i + PLACE_AHEAD < count:
            ask_for(places, _guess(slots, tags[i + PLACE_AHEAD]), START, LENGTH)
        if i + ID_AHEAD < count:
            ask_for(arena, np.int64(places[_guess(slots, tags[i + ID_AHEAD]), START]), 0, 1)
        rows[i] = slots[_slot(slots, places, arena, ids, start, ends[i], tags[i]), ROW]
        start = ends[i]


@entry
def put(slots, places, arena, ids, ends, tags, rows, free, line):
    """Give each id without a row the next free one, and its bytes a place from `line` on; returns how many, and the
    next line."""
    start, used = 0, 0
    for i in range(len(ends)):
        end = ends[i]
        if rows[i] == FREE:
            slot = _slot(slots, places, arena, ids, start, end, tags[i])
            if slots[slot, ROW] == FREE:
                row = free[used]
                used += 1
                slots[slot, TAG], slots[slot, ROW] = tags[i], row
                places[row, START], places[row, LENGTH] = line, end - start
                for k in range(end - start):
                    arena[line + k // LINE, k % LINE] = ids[start + k]
                line += (end - start + LINE - 1) // LINE
            rows[i] = slots[slot, ROW]
        start = end
    return used, line


@entry
def settle(slots, tags, rows):
    """Fill empty slots."""
    last = len(slots) - 1
    for i in range(len(tags)):
        slot = tags[i] & last
        while slots[slot, ROW] != FREE:
            slot = (slot + 1) & last
        slots[slot, TAG], slots[slot, ROW] = tags[i], rows[i]


@entry
def unsettle(slots, tag, row):
    """Empty a row's slot, and move up those behind it that it kept from their first one."""
    last = len(slots) - 1
    slot = tag & last
    while slots[slot, ROW] != row:
        slot = (slot + 1) & last
    behind = (slot + 1) & last
    while slots[behind, ROW] != FREE:
        if (behind - slots[behind, TAG]) & last >= (behind - slot) & last:
            slots[slot, TAG], slots[slot, ROW] = slots[behind, TAG], slots[behind, ROW]
            slot = behind
        behind = (behind + 1) & last
    slots[slot, ROW] = FREE
