"""The compiled loop over events, with the rules as data for it.

    step   for each event: catch up with the row's own deadlines, fold it in, evaluate, note what flipped
    tick   the same with no event: the rows whose deadline has come

Comes in, and in this order in every function here: `p`, the program's words (`streams.core.compiler.program`); `m`, the
table (`Memory`); `f`, lines for what flips, one a change; `o`, the occurrences of a batch. Goes out: rows changed in
place, and the lines. Both stop when the lines are full, and go on where they stopped when they are called again.

A deadline that passes without a flip leaves no trace in the row: a profile's clock is moved by events and changes alone
(docs/semantics.md#when-rules-are-evaluated). So it is evaluated in a spare row; there are two of them, behind the last
profile's.
`due` is a lower bound of a row's next deadline: waking too early costs an evaluation and changes nothing. So an event
looks only at the deadlines of the rules that it touches, and only before the one that the row has.
"""

import numpy as np

from streams.core.arrays import Floats, Ints
from streams.core.kernel.bits import real_of
from streams.core.kernel.dirty_rules import mark_dirty, mark_time_driven
from streams.core.kernel.evaluation import evaluate
from streams.core.kernel.jit import compiled, entry, inlined
from streams.core.kernel.layout import (
    BUCKET,
    CLOCK,
    EVERY_RULE,
    EVERYTHING,
    FAR,
    FIRST_SEEN,
    HAS_GATES,
    MOVE,
    NEVER,
    NEWEST,
    NEWEST_ACTIVITY,
    RULES,
    TALLY,
    TOUCH_WORDS,
    TOUCHES,
)
from streams.core.kernel.looking import describe_standing, measure_rows
from streams.core.kernel.memory import Memory, copy_row
from streams.core.kernel.merging import evaluate_merged
from streams.core.kernel.occurrences import (
    ACTIVE,
    CLASS,
    COLUMNS,
    LAST,
    NO_OCCURRENCES,
    O_ROW,
    SETS_TRAITS,
    TS,
    WRITES,
    WRITES_END,
    Occurrences,
)
from streams.core.kernel.prefetch import AHEAD, ask_for
from streams.core.kernel.propagation import advance_deadlines, capture, propagate
from streams.core.kernel.transitions import BY_LEAF_FLIPS, NEW_PROFILE, TransitionBuffer, record_transitions
from streams.core.kernel.windows import add, recount, roll, total_anew

BY_EVENT, BY_TIMER, BY_RULE_CHANGE, BY_MERGE = range(4)


@compiled
def _evaluate_as_of(p, m, f, row, at, cause, changed):
    """Evaluate the marked rules of a row at an instant: in a spare row, which takes the row's place only if something
    has changed.
    """
    w, s, spare = m.words, m.space, len(m.due)
    copy_row(w, spare, row)
    roll(p, w, spare, w[row, CLOCK], at)
    m.due[row] = FAR  # as a constant handed on, numba would compile all below once more for it
    flips, m.due[row] = evaluate(p, w, s, spare, at, True, m.due[row])
    if flips or changed:
        before, before_at = spare + 1, max(at - 1, w[row, CLOCK])
        copy_row(w, before, row)
        roll(p, w, before, w[row, CLOCK], before_at)
        w[spare, CLOCK] = at
        copy_row(w, row, spare)
        m.dirty[row] = 1
        record_transitions(p, m, f, row, at, before, before_at, cause, -1)


@inlined
def _has_room(p, f):
    return f.filled[0] + p[p[RULES]] <= len(f.words)


@compiled
def _catch_up(p, m, f, row, now):
    """Work off the row's deadlines up to `now`; False if there is no room for more flips before that."""
    while m.due[row] <= now:
        if not _has_room(p, f):
            return False
        mark_time_driven(p, m.words, m.space, row)
        _evaluate_as_of(p, m, f, row, m.due[row], BY_TIMER, False)
    return True


@inlined
def _fold(p, w, o, i, row, now):
    """Count an occurrence in."""
    ts = o.words[i, TS]
    if o.words[i, ACTIVE]:
        w[row, NEWEST_ACTIVITY] = max(w[row, NEWEST_ACTIVITY], ts)
    touches = p[o.words[i, CLASS] + TOUCHES]
    for k in range(touches + 1, touches + 1 + TOUCH_WORDS * p[touches], TOUCH_WORDS):
        what, place, column, guard = p[k], p[k + 1], COLUMNS + p[k + 2], p[k + 3]
        if guard >= 0 and not o.words[i, COLUMNS + guard]:
            continue
        if what == NEWEST:
            w[row, place] = max(w[row, place], ts)
        elif what == TALLY:
            w[row, place] += 1
        elif what == BUCKET:
            add(p, w, row, place, ts, now, 0.0)
        elif what == MOVE:
            recount(p, w, row, place, ts, now, o.words[i, column])
        elif not np.isnan(real_of(o.words[i, column])):
            add(p, w, row, place, ts, now, real_of(o.words[i, column]))
    for k in range(o.words[i, WRITES], o.words[i, WRITES_END]):
        w[row, o.writes[k, 0]] = o.writes[k, 1]


@compiled
def _event(p, m, f, o, first, last, now):
    """Apply one event, the occurrences first .. last, as of `now`: fold, evaluate, diff."""
    w, s, row = m.words, m.space, o.words[first, O_ROW]
    is_new = w[row, CLOCK] == NEVER
    if not is_new:
        roll(p, w, row, w[row, CLOCK], now)
    w[row, CLOCK] = now
    begins = w[row, FIRST_SEEN] == NEVER or o.words[first, TS] < w[row, FIRST_SEEN]
    one_class = last == first and not begins and not o.words[first, SETS_TRAITS]
    event_class = o.words[first, CLASS] if one_class else p[EVERYTHING]
    capture(p, w, s, row, now, event_class)
    before = BY_LEAF_FLIPS
    if p[HAS_GATES]:
        before = len(m.due)
        copy_row(w, before, row)
    if begins:
        w[row, FIRST_SEEN] = o.words[first, TS]
        mark_dirty(p, s, p[EVERY_RULE])
    for i in range(first, last + 1):
        _fold(p, w, o, i, row, now)
    propagate(p, w, s, row, now, event_class)
    m.due[row] = advance_deadlines(p, w, s, row, o.words[first, TS], now, event_class, m.due[row])
    flips, m.due[row] = evaluate(p, w, s, row, now, True, m.due[row])
    m.dirty[row] = 1
    if flips:
        record_transitions(p, m, f, row, now, NEW_PROFILE if is_new else before, now, BY_EVENT, first)


@compiled
def _step(p, m, f, o, come, start):
    """Apply the occurrences from `start` on; returns where to go on when `f` was full, else their number.

    come: the time (ms) that has come for all: a late event's own deadlines up to it come before the next event.
    """
    first = start
    while first < len(o.words):
        if first + AHEAD < len(o.words):
            ask_for(m.words, o.words[first + AHEAD, O_ROW], 0, m.words.shape[1])
        last = first
        while not o.words[last, LAST]:
            last += 1
        row, ts = o.words[first, O_ROW], o.words[first, TS]
        if not _catch_up(p, m, f, row, max(ts, come)) or not _has_room(p, f):
            return first
        _event(p, m, f, o, first, last, max(ts, m.words[row, CLOCK]))
        first = last + 1
    return first


@compiled
def _tick(p, m, f, rows, now, start):
    """Work off the deadlines up to `now` of `rows`; returns where to go on when `f` was full, else their number."""
    for i in range(start, len(rows)):
        if not _catch_up(p, m, f, rows[i], now):
            return i
    return len(rows)


@compiled
def _reevaluate(p, m, f, rows, changed, at, start):
    """Evaluate all rules of `rows` after a change of the rules, at `at` or a row's clock if that is later.

    changed: 1 for a row that has a change at that instant anyway, so that its clock moves there.
    """
    for i in range(start, len(rows)):
        if not _has_room(p, f):
            return i
        row = rows[i]
        mark_dirty(p, m.space, p[EVERY_RULE])
        _evaluate_as_of(p, m, f, row, max(at, m.words[row, CLOCK]), BY_RULE_CHANGE, changed[i] == 1)
        m.dirty[row] = 1
    return len(rows)


@compiled
def _derive(p, m, rows):
    """Make the derived part of `rows` anew from the kept part (traits excepted), and their deadlines."""
    for row in rows:
        now = m.words[row, CLOCK]
        total_anew(p, m.words, row, now)
        m.due[row] = FAR  # see `_evaluate_as_of`
        mark_dirty(p, m.space, p[EVERY_RULE])
        _, m.due[row] = evaluate(p, m.words, m.space, row, now, False, m.due[row])
    return len(rows)


STEP, TICK, REEVALUATE, DERIVE, LOOK, MEASURE, MERGE = range(7)


@entry
def _work(p, m, f, o, rows, changed, at, start, what):
    """The one way in, so that what the ways have in common is compiled once."""
    if what == STEP:
        return _step(p, m, f, o, at, start)
    if what == TICK:
        return _tick(p, m, f, rows, at, start)
    if what == REEVALUATE:
        return _reevaluate(p, m, f, rows, changed, at, start)
    if what == DERIVE:
        return _derive(p, m, rows)
    if what == MEASURE:
        return measure_rows(p, m, f, rows, at, start)
    if what == MERGE:
        return evaluate_merged(p, m, f, rows[0], at, BY_MERGE)
    return describe_standing(p, m, f, rows[0], at)


NO_ROWS: Ints = np.empty(0, np.int64)


def step(p: Ints, m: Memory, f: TransitionBuffer, o: Occurrences, come_ms: int, start: int) -> int:
    """Apply occurrences; `come_ms` is the time that has come for all. See `_step`."""
    return int(_work(p, m, f, o, NO_ROWS, NO_ROWS, come_ms, start, STEP))


def tick(p: Ints, m: Memory, f: TransitionBuffer, rows: Ints, now_ms: int, start: int) -> int:
    """Work off deadlines. See `_tick`."""
    return int(_work(p, m, f, NO_OCCURRENCES, rows, NO_ROWS, now_ms, start, TICK))


def reevaluate(p: Ints, m: Memory, f: TransitionBuffer, rows: Ints, changed: Ints, at_ms: int, start: int) -> int:
    """Evaluate under changed rules. See `_reevaluate`."""
    return int(_work(p, m, f, NO_OCCURRENCES, rows, changed, at_ms, start, REEVALUATE))


def merge(p: Ints, m: Memory, f: TransitionBuffer, row: int, at_ms: int) -> int:
    """Evaluate a row into which another has been merged. See `evaluate_merged`."""
    return int(_work(p, m, f, NO_OCCURRENCES, np.array([row], np.int64), NO_ROWS, at_ms, 0, MERGE))


def derive(p: Ints, m: Memory, f: TransitionBuffer, rows: Ints) -> None:
    """Make what is derived anew. See `_derive`."""
    _work(p, m, f, NO_OCCURRENCES, rows, NO_ROWS, 0, 0, DERIVE)


def measure(p: Ints, m: Memory, rows: Ints, at_ms: int, measures: int) -> Floats:
    """What is scored of those rows that are, by the address of its code: (rows, 3). See `measure_rows`."""
    lines = TransitionBuffer(np.empty((len(rows), 4), np.int64), np.zeros(1, np.int64))
    _work(p, m, lines, NO_OCCURRENCES, rows, NO_ROWS, at_ms, measures, MEASURE)
    return lines.words[lines.words[:, 0] == 1, 1:].view(np.float64)


def look(p: Ints, m: Memory, f: TransitionBuffer, row: int, at_ms: int) -> None:
    """Describe how each rule stands for a row. See `describe_standing`."""
    _work(p, m, f, NO_OCCURRENCES, np.array([row], np.int64), NO_ROWS, at_ms, 0, LOOK)
