"""The compiled loop over events, with the rules as data for it.

    step   for each event: catch up with the row's own deadlines, fold it in, evaluate, note what flipped
    tick   the same with no event: the rows whose deadline has come

Comes in, and in this order in every function here: `p`, the program's words (`streams.core.program`); `m`, the
table (`Memory`); `f`, lines for what flips, one a change; `o`, the occurrences of a batch. Goes out: rows changed in
place, and the lines. Both stop when the lines are full, and go on where they stopped when they are called again.

A deadline that passes without a flip leaves no trace in the kept part of the row (CONTRACT 3.2: a profile's
clock is moved by events and changes alone), so it is evaluated in a spare row, the table's last one.
`due` is a lower bound of a row's next deadline: waking too early costs an evaluation and changes nothing.
"""

from typing import NamedTuple

import numpy as np

from streams.core.catalog import CLOCK, FIRST_SEEN, IDS, IDS_KEPT, NEWEST_ACTIVITY
from streams.core.jit import compiled, entry
from streams.core.program import AT, BUCKET, CAUSE, CLASS_LEAVES, CLASS_RULES, ENTER, ENTERED, EVALUATED, EVERYTHING, EXIT
from streams.core.program import FAR, FLIPPED, IN_SEGMENT, INCLUDED, INCLUDED_WORDS, INCLUDES, INDEX, KIND, LEAF_COUNT
from streams.core.program import LEAVES, LEFT, MEMBERS, MIN_STAY, NEVER, NEWEST, OCCURRENCE, OPERATOR, ORDINAL, RIGHT, ROW
from streams.core.program import RULE, RULES, SHOWN, SHOWN_WORDS, SIDE, TALLY, TOUCH_WORDS, TOUCHES, TRUTHS, WAS, WORD
from streams.core.program import Ints
from streams.core.values import holds, next_flip, truth, value
from streams.core.windows import add, next_change, roll, total_anew
from streams.core.words import bits_of, flag, real_of, set_flag

BY_EVENT, BY_TIMER, BY_RULE_CHANGE = range(3)

# An occurrence: one event, or one that is derived from it and follows it. LAST is 0 where more of the event follow;
# WRITES .. WRITES_END are the trait values it sets; its numbers, by column, stand from NUMBERS on.
O_ROW, TS, CLASS, ACTIVE, LAST, WRITES, WRITES_END, NUMBERS = range(8)


class Memory(NamedTuple):
    """The table's arrays, and the kernel's own space."""

    words: Ints  # (rows + the spare one, width)
    due: Ints  # (rows + 1,)
    dirty: Ints  # (rows + 1,)
    space: Ints


class Lines(NamedTuple):
    """Room for what flips: `words` (lines, words of a line), of which the first `count[0]` are filled."""

    words: Ints
    count: Ints


class Occurrences(NamedTuple):
    """A batch: `words` (occurrences, NUMBERS + columns), and the (word, bits) that they write into their rows."""

    words: Ints
    writes: Ints


@entry
def deduplicate(words, dirty, rows, ids, repeated):
    """Mark the events whose id is among the 16 the row accepted last, and remember the others. 0 is no id."""
    for i in range(len(rows)):
        row, event_id = rows[i], ids[i]
        if event_id != 0:
            for k in range(IDS, IDS + IDS_KEPT):
                if words[row, k] == event_id:
                    repeated[i] = 1
                    break
            if not repeated[i]:
                for k in range(IDS + IDS_KEPT - 1, IDS, -1):
                    words[row, k] = words[row, k - 1]
                words[row, IDS] = event_id
                dirty[row] = 1


@compiled
def _evaluate_leaves(p, w, s, row, now, event_class):
    """Set the truths of a class's leaves as of `now`; returns the first instant at which time flips one of them."""
    due, leaves = FAR, p[event_class + CLASS_LEAVES]
    for i in range(leaves + 1, leaves + 1 + p[leaves]):
        leaf = p[i]
        set_flag(w, row, p[TRUTHS], p[leaf + INDEX], truth(p, w, s, row, now, leaf))
        due = min(due, next_flip(p, w, s, row, now, leaf))
    return due


@compiled
def _is_member(p, w, row, rule):
    return w[row, p[rule + WORD] + 1] & 1


@compiled
def _decide(p, w, s, row, now, rule):
    """Whether the profile is a member now (CONTRACT 3): hysteresis and min_stay included."""
    member = _is_member(p, w, row, rule) == 1
    if p[rule + EXIT] == 0:
        stays = holds(p, w, s, row, p[rule + ENTER])
    elif holds(p, w, s, row, p[rule + EXIT]):
        stays = False
    else:
        stays = member or holds(p, w, s, row, p[rule + ENTER])
    if member and not stays:
        return now < w[row, p[rule + WORD]] + p[rule + MIN_STAY]
    return stays


@compiled
def _read_memberships(p, w, row, rule):
    leaves = p[rule + LEAVES]
    for i in range(leaves + 1, leaves + 1 + p[leaves]):
        leaf = p[i]
        if p[leaf + KIND] == IN_SEGMENT:
            set_flag(w, row, p[TRUTHS], p[leaf + INDEX], _is_member(p, w, row, p[leaf + OPERATOR]))


@compiled
def _end_of_min_stay(p, w, row, now, rule):
    """When a member may first leave, if that is still to come; else FAR."""
    end = w[row, p[rule + WORD]] + p[rule + MIN_STAY]
    return end if end > now else FAR


@compiled
def _evaluate_rules(p, w, s, row, now, event_class):
    """Bring the memberships of a class's rules up to date; returns how many flipped and the next end of a min_stay."""
    flips, due, rules = 0, FAR, p[event_class + CLASS_RULES]
    for i in range(rules + 1, rules + 1 + p[rules]):
        rule = p[i]
        word = p[rule + WORD]
        _read_memberships(p, w, row, rule)
        member = 1 if _decide(p, w, s, row, now, rule) else 0
        if member != _is_member(p, w, row, rule):
            w[row, word] = now
            w[row, word + 1] = (w[row, word + 1] | 1) + 1 + member
            s[p[FLIPPED] + p[rule + INDEX]] = 1
            flips += 1
        if member:
            due = min(due, _end_of_min_stay(p, w, row, now, rule))
    return flips, due


@compiled
def _show(p, w, s, line, row, rule, now):
    """Note what `because` will say: each leaf's value, its truth before and now; and the traits the rule includes."""
    leaves, traits = p[rule + LEAVES], p[rule + INCLUDES]
    for i in range(p[leaves]):
        leaf, at = p[leaves + 1 + i], p[SHOWN] + SHOWN_WORDS * i
        number, kind, _ = value(p, w, s, row, now, p[leaf + (RIGHT if p[leaf + SIDE] else LEFT)])
        line[at], line[at + 1] = bits_of(number), kind
        line[at + 2] = s[p[WAS] + p[leaf + INDEX]]
        line[at + 3] = flag(w, row, p[TRUTHS], p[leaf + INDEX])
    for i in range(p[traits]):
        at = p[INCLUDED] + INCLUDED_WORDS * i
        line[at], line[at + 1] = w[row, p[traits + 1 + i]], w[row, p[traits + 1 + i] + 1]


@compiled
def _describe(p, w, s, line, row, rule, now):
    """Note how a rule stands: the membership, its ordinal, all memberships, and the reasons."""
    rules = p[RULES]
    line[RULE] = p[rule + INDEX]
    line[ORDINAL] = w[row, p[rule + WORD] + 1] >> 1
    line[ENTERED] = _is_member(p, w, row, rule)
    for i in range(p[rules]):
        line[p[MEMBERS] + i] = _is_member(p, w, row, p[rules + 1 + i])
    _show(p, w, s, line, row, rule, now)


@compiled
def _note_flips(p, m, f, row, source, now, cause, occurrence):
    """One line for each rule that flipped, in the order of their names. `source` is the row as it now stands."""
    rules = p[RULES]
    for i in range(p[rules]):
        if m.space[p[FLIPPED] + i]:
            m.space[p[FLIPPED] + i] = 0
            line = f.words[f.count[0]]
            f.count[0] += 1
            line[ROW], line[AT], line[CAUSE], line[OCCURRENCE] = row, now, cause, occurrence
            _describe(p, m.words, m.space, line, source, p[rules + 1 + i], now)


@compiled
def _remember_truths(p, w, s, row):
    for leaf in range(p[LEAF_COUNT]):
        s[p[WAS] + leaf] = flag(w, row, p[TRUTHS], leaf)


@compiled
def _take_truths(p, w, row, source):
    for word in range(p[TRUTHS], w.shape[1]):
        w[row, word] = w[source, word]


@compiled
def _copy(w, row, source):
    for word in range(w.shape[1]):
        w[row, word] = w[source, word]


@compiled
def _evaluate_as_of(p, m, f, row, at, cause, changed):
    """Evaluate a row at an instant: in the spare row, which takes the row's place only if something has changed."""
    w, s, spare = m.words, m.space, len(m.due) - 1
    _copy(w, spare, row)
    roll(p, w, spare, w[row, CLOCK], at)
    _remember_truths(p, w, s, row)
    leaf_due = _evaluate_leaves(p, w, s, spare, at, p[EVERYTHING])
    flips, rule_due = _evaluate_rules(p, w, s, spare, at, p[EVERYTHING])
    m.due[row] = min(min(leaf_due, rule_due), next_change(p, w, spare, at))
    if flips or changed:
        w[spare, CLOCK] = at
        _copy(w, row, spare)
        m.dirty[row] = 1
        _note_flips(p, m, f, row, row, at, cause, -1)
    else:
        _take_truths(p, w, row, spare)
    w[row, p[EVALUATED]] = at


@compiled
def _has_room(p, f):
    return f.count[0] + p[p[RULES]] <= len(f.words)


@compiled
def _catch_up(p, m, f, row, now):
    """Work off the row's deadlines up to `now`; False if there is no room for more flips before that."""
    while m.due[row] <= now:
        if not _has_room(p, f):
            return False
        _evaluate_as_of(p, m, f, row, m.due[row], BY_TIMER, False)
    return True


@compiled
def _fold(p, w, o, i, row, now):
    """Count an occurrence in; returns when a window next changes because of it."""
    ts, due = o.words[i, TS], FAR
    if o.words[i, ACTIVE]:
        w[row, NEWEST_ACTIVITY] = max(w[row, NEWEST_ACTIVITY], ts)
    touches = p[o.words[i, CLASS] + TOUCHES]
    for k in range(touches + 1, touches + 1 + TOUCH_WORDS * p[touches], TOUCH_WORDS):
        what, place, column = p[k], p[k + 1], p[k + 2]
        if what == NEWEST:
            w[row, place] = max(w[row, place], ts)
        elif what == TALLY:
            w[row, place] += 1
        elif what == BUCKET:
            due = min(due, add(p, w, row, place, ts, now, 0.0))
        else:
            due = min(due, add(p, w, row, place, ts, now, real_of(o.words[i, NUMBERS + column])))
    for k in range(o.words[i, WRITES], o.words[i, WRITES_END]):
        w[row, o.writes[k, 0]] = o.writes[k, 1]
    return due


@compiled
def _advance(p, m, row, now):
    """Bring a row to `now`, before its event. Returns whether all leaves must be evaluated after it.

    They must at a profile's first event. They must too where deadlines after `now` have passed in silence: what
    was seen of them is not yet so.
    """
    w = m.words
    if w[row, CLOCK] == NEVER:
        w[row, CLOCK], w[row, p[EVALUATED]] = now, now
        return True
    roll(p, w, row, w[row, CLOCK], now)
    w[row, CLOCK] = now
    if now < w[row, p[EVALUATED]]:
        _evaluate_leaves(p, w, m.space, row, now, p[EVERYTHING])
        m.due[row] = next_change(p, w, row, now)
        return True
    return False


@compiled
def _event(p, m, f, o, first, last, now):
    """Apply one event, the occurrences first .. last, as of `now`: fold, evaluate, diff."""
    w, s, row = m.words, m.space, o.words[first, O_ROW]
    whole = _advance(p, m, row, now)
    _remember_truths(p, w, s, row)
    if w[row, FIRST_SEEN] == NEVER or o.words[first, TS] < w[row, FIRST_SEEN]:
        w[row, FIRST_SEEN] = o.words[first, TS]
        whole = True
    due = m.due[row]
    for i in range(first, last + 1):
        due = min(due, _fold(p, w, o, i, row, now))
    whole = whole or last > first or o.words[first, WRITES_END] > o.words[first, WRITES]
    event_class = p[EVERYTHING] if whole else o.words[first, CLASS]
    leaf_due = _evaluate_leaves(p, w, s, row, now, event_class)
    flips, rule_due = _evaluate_rules(p, w, s, row, now, event_class)
    m.due[row] = min(due, min(leaf_due, rule_due))
    m.dirty[row] = 1
    w[row, p[EVALUATED]] = now
    if flips:
        _note_flips(p, m, f, row, row, now, BY_EVENT, first)


@entry
def step(p, m, f, o, start):
    """Apply the occurrences from `start` on; returns where to go on when `f` was full, else their number."""
    first = start
    while first < len(o.words):
        last = first
        while not o.words[last, LAST]:
            last += 1
        row, now = o.words[first, O_ROW], max(o.words[first, TS], m.words[o.words[first, O_ROW], CLOCK])
        if not _catch_up(p, m, f, row, now) or not _has_room(p, f):
            return first
        _event(p, m, f, o, first, last, now)
        first = last + 1
    return first


@entry
def tick(p, m, f, rows, now, start):
    """Work off the deadlines up to `now` of `rows`; returns where to go on when `f` was full, else their number."""
    for i in range(start, len(rows)):
        if not _catch_up(p, m, f, rows[i], now):
            return i
    return len(rows)


@entry
def evaluate_anew(p, m, f, rows, changed, at, start):
    """Evaluate all rules of `rows` after a change of the rules, at `at` or a row's clock if that is later.

    changed: 1 for a row that has a change at that instant anyway, so that its clock moves there.
    """
    for i in range(start, len(rows)):
        if not _has_room(p, f):
            return i
        row = rows[i]
        _evaluate_as_of(p, m, f, row, max(at, m.words[row, CLOCK]), BY_RULE_CHANGE, changed[i] == 1)
        m.dirty[row] = 1
    return len(rows)


@entry
def derive(p, m, rows):
    """Make the derived part of the first `rows` rows anew from the kept part (traits excepted), and their deadlines."""
    w, rules = m.words, p[RULES]
    for row in range(rows):
        now = w[row, CLOCK]
        total_anew(p, w, row, now)
        due = min(next_change(p, w, row, now), _evaluate_leaves(p, w, m.space, row, now, p[EVERYTHING]))
        for i in range(rules + 1, rules + 1 + p[rules]):
            _read_memberships(p, w, row, p[i])
            if _is_member(p, w, row, p[i]):
                due = min(due, _end_of_min_stay(p, w, row, now, p[i]))
        m.due[row] = due
        w[row, p[EVALUATED]] = now


@entry
def look(p, m, f, row, at):
    """One line a rule: how it stands for the row at `at`; AT is since when. The row stays as it is."""
    w, s, rules, spare = m.words, m.space, p[RULES], len(m.due) - 1
    _copy(w, spare, row)
    roll(p, w, spare, w[row, CLOCK], at)
    _remember_truths(p, w, s, row)
    _evaluate_leaves(p, w, s, spare, at, p[EVERYTHING])
    for i in range(p[rules]):
        rule, line = p[rules + 1 + i], f.words[i]
        _read_memberships(p, w, spare, rule)
        _describe(p, w, s, line, spare, rule, at)
        line[ROW], line[AT] = row, w[spare, p[rule + WORD]]
    f.count[0] = p[rules]


def lines(rules: int, room: int, line_words: int) -> Lines:
    """Room for so many changes, and never for fewer than all rules flipping at one instant."""
    return Lines(np.zeros((max(rules, room), line_words), np.int64), np.zeros(1, np.int64))
