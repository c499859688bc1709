"""The compiled loop over events, with the rules as data for it.

    step   for each event: catch up with the row's own deadlines, fold it in, evaluate, note what flipped
    tick   the same with no event: the rows whose deadline has come

Comes in, and in this order in every function here: `p`, the program's words (`streams.core.program`); `m`, the
table (`Memory`); `f`, lines for what flips, one a change; `o`, the occurrences of a batch. Goes out: rows changed in
place, and the lines. Both stop when the lines are full, and go on where they stopped when they are called again.

A deadline that passes without a flip leaves no trace in the row (CONTRACT 3.2: a profile's clock is moved by
events and changes alone), so it is evaluated in a spare row; there are two of them, behind the last profile's.
`due` is a lower bound of a row's next deadline: waking too early costs an evaluation and changes nothing. So an event
looks only at the deadlines of the rules that it touches.
"""

from typing import NamedTuple

import numpy as np

from streams.core.catalog import CLOCK, FIRST_SEEN, IDS, IDS_KEPT, NEWEST_ACTIVITY
from streams.core.jit import compiled, entry
from streams.core.program import AT, BUCKET, CAUSE, CLASS_LEAVES, CLASS_RULES, ENTER, ENTERED, EVERYTHING, EXIT, FAR
from streams.core.program import FLIPPED, FLIPS, IN_SEGMENT, INCLUDED, INCLUDED_WORDS, INCLUDES, INDEX, KIND, LEAF_COUNT
from streams.core.program import LEAVES, LEFT, MEMBERS, MIN_STAY, NATURE, NEVER, NEWEST, NOW, OCCURRENCE, OPERATOR, ORDINAL
from streams.core.program import RESTLESS, ROW, RULE, RULES, SHOWN, SHOWN_WORDS, TALLY, TOUCH_WORDS, TOUCHES, WAS, WORD
from streams.core.program import Ints
from streams.core.values import MAYBE, NO, YES, may_flip, next_flip, outcome, truth, value
from streams.core.windows import add, roll, total_anew
from streams.core.words import bits_of, real_of

BY_EVENT, BY_TIMER, BY_RULE_CHANGE = range(3)
SPARE_ROWS = 2

# An occurrence: one event, or one that is derived from it and follows it. LAST is 0 where more of the event follow;
# WRITES .. WRITES_END are the trait values it sets; its numbers, by column, stand from NUMBERS on.
O_ROW, TS, CLASS, ACTIVE, LAST, WRITES, WRITES_END, NUMBERS = range(8)


class Memory(NamedTuple):
    """The table's arrays, and the kernel's own space."""

    words: Ints  # (rows + SPARE_ROWS, width)
    due: Ints  # (rows,)
    dirty: Ints  # (rows,)
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
def _is_member(p, w, row, rule):
    return w[row, p[rule + WORD] + 1] & 1


@compiled
def _read_leaves(p, w, s, row, now, event_class):
    """Note the truths of a class's leaves as of `now`, but for those that read memberships."""
    leaves = p[event_class + CLASS_LEAVES]
    for i in range(leaves + 1, leaves + 1 + p[leaves]):
        s[p[NOW] + p[p[i] + INDEX]] = YES if truth(p, w, s, row, now, p[i]) else NO


@compiled
def _read_memberships(p, w, s, row, rule):
    leaves = p[rule + LEAVES]
    for i in range(leaves + 1, leaves + 1 + p[leaves]):
        if p[p[i] + KIND] == IN_SEGMENT:
            s[p[NOW] + p[p[i] + INDEX]] = YES if _is_member(p, w, row, p[p[i] + OPERATOR]) else NO


@compiled
def _decide(p, w, s, row, now, rule):
    """Whether the profile is a member at `now` (CONTRACT 3), by the truths noted: hysteresis and min_stay included."""
    member = _is_member(p, w, row, rule) == 1
    if p[rule + EXIT] == 0:
        stays = outcome(p, s, p[rule + ENTER]) == YES
    elif outcome(p, s, p[rule + EXIT]) == YES:
        stays = False
    else:
        stays = member or outcome(p, s, p[rule + ENTER]) == YES
    if member and not stays:
        return now < w[row, p[rule + WORD]] + p[rule + MIN_STAY]
    return stays


@compiled
def _evaluate(p, w, s, row, now, event_class):
    """Bring the memberships of a class's rules up to date; returns how many flipped."""
    flips, rules = 0, p[event_class + CLASS_RULES]
    _read_leaves(p, w, s, row, now, event_class)
    for i in range(rules + 1, rules + 1 + p[rules]):
        rule = p[i]
        word = p[rule + WORD]
        _read_memberships(p, w, s, row, rule)
        member = 1 if _decide(p, w, s, row, now, rule) else 0
        if member != _is_member(p, w, row, rule):
            w[row, word] = now
            w[row, word + 1] = (w[row, word + 1] | 1) + 1 + member
            s[p[FLIPPED] + p[rule + INDEX]] = 1
            flips += 1
    return flips


@compiled
def _keep_truths(p, s, rule):
    """Set the truths of a rule's leaves aside; MAYBE takes the place of those that time may change."""
    leaves = p[rule + LEAVES]
    for i in range(leaves + 1, leaves + 1 + p[leaves]):
        index = p[p[i] + INDEX]
        s[p[WAS] + index] = s[p[NOW] + index]
        if may_flip(p, p[i], s[p[NOW] + index] == YES):
            s[p[NOW] + index] = MAYBE


@compiled
def _give_back_truths(p, s, rule):
    leaves = p[rule + LEAVES]
    for i in range(leaves + 1, leaves + 1 + p[leaves]):
        s[p[NOW] + p[p[i] + INDEX]] = s[p[WAS] + p[p[i] + INDEX]]


@compiled
def _may_ever_flip(p, s, rule, member):
    """Whether the membership may change by time alone, whatever the leaves do that are MAYBE."""
    if p[rule + EXIT] == 0:
        return outcome(p, s, p[rule + ENTER]) != (YES if member else NO)
    leaves = outcome(p, s, p[rule + EXIT])
    if member:
        return leaves != NO
    return leaves != YES and outcome(p, s, p[rule + ENTER]) != NO


@compiled
def _note_next_flips(p, w, s, row, now, rule):
    """Note when each leaf of a rule flips by itself; returns the first of these instants."""
    first, leaves = FAR, p[rule + LEAVES]
    for i in range(leaves + 1, leaves + 1 + p[leaves]):
        index = p[p[i] + INDEX]
        s[p[FLIPS] + index] = next_flip(p, w, s, row, now, p[i], s[p[NOW] + index] == YES)
        first = min(first, s[p[FLIPS] + index])
    return first


@compiled
def _flip_at(p, s, rule, at):
    """Flip the leaves that flip at an instant; returns whether each is certain to, and when the next one flips."""
    certain, first, leaves = True, FAR, p[rule + LEAVES]
    for i in range(leaves + 1, leaves + 1 + p[leaves]):
        index = p[p[i] + INDEX]
        if s[p[FLIPS] + index] == at:
            s[p[NOW] + index] = YES - s[p[NOW] + index]
            s[p[FLIPS] + index] = FAR
            certain = certain and p[p[i] + NATURE] != RESTLESS
        first = min(first, s[p[FLIPS] + index])
    return certain, first


@compiled
def _go_through_flips(p, w, s, row, now, rule, end):
    """The first instant at which a rule's membership, or what will become of it, changes as its leaves flip in turn."""
    member, first = _is_member(p, w, row, rule) == 1, _note_next_flips(p, w, s, row, now, rule)
    while min(first, end) != FAR:
        at = min(first, end)
        certain, first = _flip_at(p, s, rule, at)
        if not certain or _decide(p, w, s, row, at, rule) != member:
            return at
        if at == end:
            end = FAR
    return FAR


@compiled
def _next_deadline(p, w, s, row, now, rule):
    """The first instant at which a rule may flip although no event comes. The truths noted stay as they are."""
    member = _is_member(p, w, row, rule) == 1
    end = w[row, p[rule + WORD]] + p[rule + MIN_STAY]  # of a member's min_stay
    _keep_truths(p, s, rule)
    possible = _may_ever_flip(p, s, rule, member)
    _give_back_truths(p, s, rule)
    if not possible:
        return FAR
    due = _go_through_flips(p, w, s, row, now, rule, end if member and end > now else FAR)
    _give_back_truths(p, s, rule)
    return due


@compiled
def _first_deadline(p, w, s, row, now, event_class):
    """The first deadline of a class's rules, whose leaves' truths have been noted."""
    due, rules = FAR, p[event_class + CLASS_RULES]
    for i in range(rules + 1, rules + 1 + p[rules]):
        _read_memberships(p, w, s, row, p[i])
        due = min(due, _next_deadline(p, w, s, row, now, p[i]))
    return due


@compiled
def _read_everything(p, w, s, row, now):
    rules = p[RULES]
    _read_leaves(p, w, s, row, now, p[EVERYTHING])
    for i in range(rules + 1, rules + 1 + p[rules]):
        _read_memberships(p, w, s, row, p[i])


@compiled
def _show(p, w, s, line, row, rule, now):
    """Note what `because` will say: each leaf's value, its truth before and now; and the traits the rule includes."""
    leaves, traits = p[rule + LEAVES], p[rule + INCLUDES]
    for i in range(p[leaves]):
        leaf, at = p[leaves + 1 + i], p[SHOWN] + SHOWN_WORDS * i
        number, kind, _ = value(p, w, s, row, now, p[leaf + LEFT])
        line[at], line[at + 1] = bits_of(number), kind
        line[at + 2], line[at + 3] = s[p[WAS] + p[leaf + INDEX]], s[p[NOW] + p[leaf + INDEX]]
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
def _note_flips(p, m, f, row, now, before, before_at, cause, occurrence):
    """One line for each rule that flipped, in the order of their names.

    before, before_at: a copy of the row as it stood just before, and when; -1 for a profile's first event.
    """
    w, s, rules = m.words, m.space, p[RULES]
    if before >= 0:
        _read_everything(p, w, s, before, before_at)
        for leaf in range(p[LEAF_COUNT]):
            s[p[WAS] + leaf] = s[p[NOW] + leaf]
    else:
        for leaf in range(p[LEAF_COUNT]):
            s[p[WAS] + leaf] = 0
    _read_everything(p, w, s, row, now)
    for i in range(p[rules]):
        if s[p[FLIPPED] + i]:
            s[p[FLIPPED] + i] = 0
            line = f.words[f.count[0]]
            f.count[0] += 1
            line[ROW], line[AT], line[CAUSE], line[OCCURRENCE] = row, now, cause, occurrence
            _describe(p, w, s, line, row, p[rules + 1 + i], now)


@compiled
def _copy(w, row, source):
    for word in range(w.shape[1]):
        w[row, word] = w[source, word]


@compiled
def _evaluate_as_of(p, m, f, row, at, cause, changed):
    """Evaluate a row at an instant: in a spare row, which takes the row's place only if something has changed."""
    w, s, spare = m.words, m.space, len(m.due)
    _copy(w, spare, row)
    roll(p, w, spare, w[row, CLOCK], at)
    flips = _evaluate(p, w, s, spare, at, p[EVERYTHING])
    m.due[row] = _first_deadline(p, w, s, spare, at, p[EVERYTHING])
    if flips or changed:
        before, before_at = spare + 1, max(at - 1, w[row, CLOCK])
        _copy(w, before, row)
        roll(p, w, before, w[row, CLOCK], before_at)
        w[spare, CLOCK] = at
        _copy(w, row, spare)
        m.dirty[row] = 1
        _note_flips(p, m, f, row, at, before, before_at, cause, -1)


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
    """Count an occurrence in."""
    ts = o.words[i, TS]
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
            add(p, w, row, place, ts, now, 0.0)
        else:
            add(p, w, row, place, ts, now, real_of(o.words[i, NUMBERS + column]))
    for k in range(o.words[i, WRITES], o.words[i, WRITES_END]):
        w[row, o.writes[k, 0]] = o.writes[k, 1]


@compiled
def _event(p, m, f, o, first, last, now):
    """Apply one event, the occurrences first .. last, as of `now`: fold, evaluate, diff."""
    w, s, row, before = m.words, m.space, o.words[first, O_ROW], len(m.due)
    is_new = w[row, CLOCK] == NEVER
    if not is_new:
        roll(p, w, row, w[row, CLOCK], now)
    w[row, CLOCK] = now
    _copy(w, before, row)
    begins = w[row, FIRST_SEEN] == NEVER or o.words[first, TS] < w[row, FIRST_SEEN]
    if begins:
        w[row, FIRST_SEEN] = o.words[first, TS]
    for i in range(first, last + 1):
        _fold(p, w, o, i, row, now)
    one_class = last == first and not begins and o.words[first, WRITES_END] == o.words[first, WRITES]
    event_class = o.words[first, CLASS] if one_class else p[EVERYTHING]
    flips = _evaluate(p, w, s, row, now, event_class)
    m.due[row] = min(m.due[row], _first_deadline(p, w, s, row, now, event_class))
    m.dirty[row] = 1
    if flips:
        _note_flips(p, m, f, row, now, -1 if is_new else before, now, BY_EVENT, first)


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
    for row in range(rows):
        now = m.words[row, CLOCK]
        total_anew(p, m.words, row, now)
        _read_leaves(p, m.words, m.space, row, now, p[EVERYTHING])
        m.due[row] = _first_deadline(p, m.words, m.space, row, now, p[EVERYTHING])


@entry
def look(p, m, f, row, at):
    """One line a rule: how it stands for the row at `at`; AT is since when. The row stays as it is."""
    w, s, rules, spare = m.words, m.space, p[RULES], len(m.due)
    _copy(w, spare, row)
    roll(p, w, spare, w[row, CLOCK], at)
    _read_everything(p, w, s, spare, at)
    for i in range(p[rules]):
        line = f.words[i]
        _describe(p, w, s, line, spare, p[rules + 1 + i], at)
        line[ROW], line[AT] = row, w[spare, p[p[rules + 1 + i] + WORD]]
    f.count[0] = p[rules]


def lines(rules: int, room: int, line_words: int) -> Lines:
    """Room for so many changes, and never for fewer than all rules flipping at one instant."""
    return Lines(np.zeros((max(rules, room), line_words), np.int64), np.zeros(1, np.int64))
