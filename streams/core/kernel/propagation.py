"""Propagation: which leaves an event flips, and so which rules are dirty and have to be evaluated after it.

Comes in: the program `p`, the table's words `w`, the kernel's space `s`, a row at an instant `now` (ms), and the class
of an event; before the event is folded in, and after. Goes out: in `s`, the leaves that flipped and their rules, marked
dirty; an instant.

As long as no leaf of a rule flips, its level stays: the deadlines up to `now` have been worked off. So the cost of an
event goes by how many values it touches and how many leaves it flips, not by how many rules there are.
"""

from streams.core.kernel.bits import bits_of, real_of
from streams.core.kernel.dirty_rules import any_time_driven, mark_dirty, mark_dirty_unless_blocked
from streams.core.kernel.flip_times import next_flip, next_scores
from streams.core.kernel.interpreter import compare, truth, value
from streams.core.kernel.jit import compiled, inlined
from streams.core.kernel.layout import (
    ADVANCED,
    ALONE,
    BEFORE,
    CAPTURED,
    CAPTURED_WORDS,
    CODE,
    COMPARED,
    CONSTANT,
    EVENTS,
    FAR,
    IF_NOT,
    IF_SO,
    INDEX,
    LEAF_FLIPPED,
    LITERAL_BITS,
    MEASURED,
    NUMBER,
    OPERATOR,
    READERS,
    READS,
    RIGHT,
    SCORES,
    SPAN,
    STEPWISE,
    TIME_DEPENDENCE,
    WHERE,
)
from streams.core.kernel.windows import bucket_at, bucket_begins


@compiled
def capture(p, w, s, row, now, event_class):
    """Note what an event may change: values that are compared, and the truths of the other leaves."""
    at, measured, alone = p[CAPTURED], p[event_class + MEASURED], p[event_class + ALONE]
    for i in range(measured + 1, measured + 1 + p[measured]):
        number, s[at + 1], _ = value(p, w, s, row, now, p[p[i] + CODE])
        s[at] = bits_of(number)
        at += CAPTURED_WORDS
    for i in range(alone + 1, alone + 1 + p[alone]):
        s[at] = truth(p, w, s, row, now, p[i])
        at += 1


@inlined
def _flip(p, w, s, row, leaf):
    """Note that the event at hand has flipped a leaf, and mark its rules dirty."""
    s[p[LEAF_FLIPPED] + p[leaf + INDEX]] = s[p[EVENTS]]
    if p[leaf + TIME_DEPENDENCE] == CONSTANT:
        mark_dirty(p, s, p[leaf + READERS])
    else:
        mark_dirty_unless_blocked(p, w, s, row, p[leaf + READERS])


@inlined
def _flip_compared(p, w, s, row, leaves, before, kind_before, after, kind):
    """Flip those leaves that hold of one value and not of the other."""
    are_numbers, least, most = kind == NUMBER and kind_before == NUMBER, min(before, after), max(before, after)
    for i in range(leaves + 1, leaves + 1 + p[leaves]):
        leaf = p[i]
        constant = p[leaf + RIGHT] + 1
        limit = real_of(p[constant + LITERAL_BITS])
        if are_numbers and not least <= limit <= most:
            continue
        operator, limit_kind = p[leaf + OPERATOR], p[constant + WHERE]
        held = compare(p, s, operator, before, kind_before, limit, limit_kind)
        if held != compare(p, s, operator, after, kind, limit, limit_kind):
            _flip(p, w, s, row, leaf)


@compiled
def propagate(p, w, s, row, now, event_class):
    """Note which leaves an event flipped, by what was captured before it."""
    s[p[EVENTS]] += 1
    at, measured, alone = p[CAPTURED], p[event_class + MEASURED], p[event_class + ALONE]
    for i in range(measured + 1, measured + 1 + p[measured]):
        number, kind, _ = value(p, w, s, row, now, p[p[i] + CODE])
        if bits_of(number) != s[at] or kind != s[at + 1]:
            _flip_compared(p, w, s, row, p[p[i] + COMPARED], real_of(s[at]), s[at + 1], number, kind)
        at += CAPTURED_WORDS
    for i in range(alone + 1, alone + 1 + p[alone]):
        if truth(p, w, s, row, now, p[i]) != s[at]:
            _flip(p, w, s, row, p[i])
        at += 1


@inlined
def _new_step(p, leaf, ts, now):
    """When an event at `ts` first enters or leaves a window that a leaf reads."""
    first, reads = FAR, p[leaf + READS]
    for i in range(reads + 1, reads + 1 + 2 * p[reads], 2):
        ring, window = p[i], p[i + 1]
        enters = bucket_at(p, ring, ts) + p[window + BEFORE]
        at = bucket_begins(p, ring, enters)
        if at <= now:
            at = bucket_begins(p, ring, enters + p[window + SPAN])
        if at > now:
            first = min(first, at)
    return first


@compiled
def advance_deadlines(p, w, s, row, ts, now, event_class, until):
    """A lower bound of the instants at which leaves flip whose flips an event at `ts` may have brought nearer, and to
    whose rules that may matter; `until` if there is none before that.

    Whatever else such a leaf steps with, it stepped with before, so that its rules' deadlines are known.
    """
    due, leaves, scores = until, p[event_class + ADVANCED], -1
    for i in range(leaves + 1, leaves + 1 + p[leaves]):
        leaf = p[i]
        if any_time_driven(p, w, row, p[leaf + READERS]):
            if p[leaf + TIME_DEPENDENCE] == STEPWISE:
                due = min(due, _new_step(p, leaf, ts, now))
                if p[leaf + SCORES] != scores:
                    scores = p[leaf + SCORES]
                    due = next_scores(p, w, s, row, now, scores, due)
            else:
                noted = p[leaf + IF_SO] if truth(p, w, s, row, now, leaf) else p[leaf + IF_NOT]
                due = min(due, next_flip(p, w, s, row, now, leaf, noted, due))
    return due
