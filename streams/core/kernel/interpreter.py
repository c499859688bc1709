"""Values and conditions as of an instant: what the program's code says of one row.

Comes in: the program `p`, the table's words `w`, the kernel's space `s`, a row and an instant `now` (ms) at which
the row's windows stand; a leaf or a piece of code is its address in the program. Goes out: a value with its kind,
the truth of a leaf, or the outcome of a condition.
Missing is NaN, so that a comparison with it is false by itself (docs/semantics.md#values).
"""

import numpy as np

from streams.core.kernel.bits import bits_of, real_of
from streams.core.kernel.buckets import number_of
from streams.core.kernel.jit import compiled, inlined
from streams.core.kernel.layout import (
    ADD,
    ALWAYS,
    AND,
    BOOLEAN,
    COMPARE,
    DIGITS,
    DIVIDE,
    ELAPSED_AT_EPOCH,
    EQUAL,
    EVER,
    EXTREME,
    FIRST_SEEN,
    GATE,
    GREATER,
    GREATER_EQUAL,
    HAS,
    HOLDS,
    IDLE,
    IDLE_AT_EPOCH,
    INSTRUCTION,
    KIND,
    LEFT,
    LESS,
    LESS_EQUAL,
    LEVEL,
    LIST,
    LITERAL,
    LITERAL_BITS,
    MISSING,
    MULTIPLY,
    NEVER,
    NO,
    NOT,
    NOW,
    NUMBER,
    OPERATOR,
    OPTIONS,
    OR,
    PUSH_LEAF,
    RANKS,
    RIGHT,
    SCORE,
    STACK,
    SUBTRACT,
    SUM,
    TEXT,
    TOTAL,
    TRAIT,
    TRUTH,
    UNEQUAL,
    WHERE,
    WITHIN,
    WORD,
    YES,
)
from streams.core.kernel.scoring import edges_at, score_of

LARGEST_SUM = 9_000_000_000_000  # docs/semantics.md#windows: a sum beyond this size is missing
ENTRY = 3  # words of the stack a value takes: its bits, its kind, the bits of its slope (per ms)


@inlined
def _push(s, at, number, kind, slope):
    s[at], s[at + 1], s[at + 2] = bits_of(number), kind, bits_of(slope)


@inlined
def _sum(units, micro):
    """A sum is missing beyond 9e12 in size; within it, whole millionths are exact in a word."""
    units += micro // 1_000_000
    micro = micro % 1_000_000
    if -LARGEST_SUM <= units < LARGEST_SUM or (units == LARGEST_SUM and micro == 0):
        return float(units * 1_000_000 + micro) / 1e6, NUMBER, 0.0
    return np.nan, MISSING, 0.0


@inlined
def _elapsed(instant, now, unit_ms):
    """Time since an instant; a negative unit asks for the time until it."""
    if instant == NEVER:
        return np.nan, MISSING, 0.0
    if unit_ms > 0.0:
        return float(now - instant) / unit_ms, NUMBER, 1.0 / unit_ms
    return float(instant - now) / -unit_ms, NUMBER, 1.0 / unit_ms


@inlined
def _load(p, w, row, now, instruction):
    """What an instruction that only loads gives: the value, its kind, and by how much it grows each ms."""
    what, place, number = p[instruction], p[instruction + WHERE], real_of(p[instruction + LITERAL_BITS])
    if what == LITERAL:
        return number, place, 0.0
    if what == TOTAL:
        return float(w[row, place]), NUMBER, 0.0
    if what == TRAIT:
        return real_of(w[row, place]), w[row, place + 1], 0.0
    if what == SUM:
        return _sum(w[row, place], w[row, place + 1])
    if what == EXTREME:
        number = number_of(w[row, place])
        return number, MISSING if np.isnan(number) else NUMBER, 0.0
    if (what == IDLE or what == IDLE_AT_EPOCH) and w[row, place] == NEVER:
        place = FIRST_SEEN
    if what >= ELAPSED_AT_EPOCH:
        number, kind, _ = _elapsed(w[row, place], 0, number)
        return number, kind, 0.0
    return _elapsed(w[row, place], now, number)


@inlined
def _arithmetic(s, at, what):
    """Do `what` to the two values from `at` on, and to their slopes."""
    a, da = real_of(s[at]), real_of(s[at + 2])
    b, db = real_of(s[at + ENTRY]), real_of(s[at + ENTRY + 2])
    number, slope = np.nan, 0.0
    if s[at + 1] == NUMBER and s[at + ENTRY + 1] == NUMBER:
        if what == ADD:
            number, slope = a + b, da + db
        elif what == SUBTRACT:
            number, slope = a - b, da - db
        elif what == MULTIPLY:
            number, slope = a * b, da * b + a * db
        elif b != 0.0:
            number, slope = a / b, da / b
    if np.isfinite(number):
        _push(s, at, number, NUMBER, slope)
    else:
        _push(s, at, np.nan, MISSING, 0.0)


@inlined
def _score(p, s, at, now, instruction):
    """Put a score of 1 to 5 in the place of the value at `at`."""
    edges, reverse = edges_at(p, p[instruction + WHERE], now), p[instruction + LITERAL_BITS]
    number = real_of(s[at]) if s[at + 1] == NUMBER else np.nan
    score = score_of(p, edges, number, reverse)
    _push(s, at, score, MISSING if np.isnan(score) else NUMBER, 0.0)


@inlined
def _name_scores(p, s, at, end, table):
    """Put the text for scores in the place of those from `at` on; the table has a text for each case of them."""
    case, kind = 0, TEXT
    for i in range(at, end, ENTRY):
        if s[i + 1] == NUMBER:
            case = 5 * case + int(real_of(s[i])) - 1
        else:
            kind = MISSING
    _push(s, at, float(p[table + case]) if kind == TEXT else np.nan, kind, 0.0)


@inlined
def level_of(p, w, row, rule):
    return w[row, p[rule + WORD] + 1] & LEVEL


@inlined
def _combine(p, w, s, row, at, now, instruction):
    """Do an instruction to the values that end at `at`; returns where its result is."""
    what = p[instruction]
    if what <= DIVIDE:
        at -= 2 * ENTRY
        _arithmetic(s, at, what)
    elif what == SCORE:
        at -= ENTRY
        _score(p, s, at, now, instruction)
    elif what == GATE:
        at -= ENTRY
        if not level_of(p, w, row, p[instruction + WHERE]):
            _push(s, at, np.nan, MISSING, 0.0)
    else:
        end, at = at, at - (3 if what == DIGITS else 2) * ENTRY
        _name_scores(p, s, at, end, p[instruction + WHERE])
    return at


@compiled
def _calculate(p, w, s, row, now, code):
    at = p[STACK]
    for i in range(code + 1, code + 1 + INSTRUCTION * p[code], INSTRUCTION):
        if p[i] >= ADD:
            at = _combine(p, w, s, row, at, now, i)
        else:
            number, kind, slope = _load(p, w, row, now, i)
            _push(s, at, number, kind, slope)
        at += ENTRY
    at = p[STACK]
    return real_of(s[at]), s[at + 1], real_of(s[at + 2])


@inlined
def value(p, w, s, row, now, code):
    """Run value code; its result: the value, its kind, and by how much it grows each ms. Most code only loads."""
    if p[code] == 1:
        return _load(p, w, row, now, code + 1)
    return _calculate(p, w, s, row, now, code)


@inlined
def orders(operator, left, right):
    if operator == LESS:
        return left < right
    if operator == LESS_EQUAL:
        return left <= right
    if operator == GREATER:
        return left > right
    if operator == GREATER_EQUAL:
        return left >= right
    if operator == EQUAL:
        return left == right
    return left != right


@inlined
def compare(p, s, operator, left, left_kind, right, right_kind):
    """Whether a comparison holds: never between unlike kinds, with a missing value or with a list."""
    if left_kind != right_kind or left_kind == MISSING or left_kind == LIST:
        return False
    if operator == EQUAL or operator == UNEQUAL or left_kind == NUMBER:
        return orders(operator, left, right)
    if left_kind == TEXT:
        return orders(operator, float(s[p[RANKS] + int(left)]), float(s[p[RANKS] + int(right)]))
    return False


@inlined
def _within(p, options, negated, item, kind):
    """`options`: their kind, their number, and the bits of each."""
    if p[options] != kind:
        return False
    for i in range(options + 2, options + 2 + p[options + 1]):
        if real_of(p[i]) == item:
            return not negated
    return negated


@inlined
def truth_of(p, w, s, row, now, leaf, left, left_kind):
    """Whether a leaf holds of its left value (not for IN_SEGMENT, which is read from the memberships)."""
    what = p[leaf + KIND]
    if what == COMPARE:
        right, right_kind, _ = value(p, w, s, row, now, p[leaf + RIGHT])
        return compare(p, s, p[leaf + OPERATOR], left, left_kind, right, right_kind)
    if what == WITHIN:
        return _within(p, p[leaf + OPTIONS], p[leaf + OPERATOR] == 1, left, left_kind)
    if what == TRUTH:
        return left_kind == BOOLEAN and left == 1.0
    if what == HAS:
        return w[row, p[leaf + RIGHT]] == 1
    return left_kind == MISSING


@inlined
def truth(p, w, s, row, now, leaf):
    left, left_kind, _ = value(p, w, s, row, now, p[leaf + LEFT])
    return truth_of(p, w, s, row, now, leaf, left, left_kind)


@inlined
def inverse(truth):
    """`not`: what never holds always does not."""
    other = YES - truth
    return (other & HOLDS) | ((other & ALWAYS) << 1) | ((other & EVER) >> 1)


@compiled
def outcome(p, s, code):
    """Run condition code over the truths of leaves in the kernel's space; `and` and `or` are those of their bits."""
    at = p[STACK]
    for i in range(code + 1, code + 1 + 2 * p[code], 2):
        what, place = p[i], p[i + WHERE]
        if what == PUSH_LEAF:
            s[at] = s[p[NOW] + place]
        elif what == AND or what == OR:
            at -= place
            result = YES if what == AND else NO
            for k in range(at, at + place):
                result = result & s[k] if what == AND else result | s[k]
            s[at] = result
        elif what == NOT:
            at -= 1
            s[at] = inverse(s[at])
        else:
            s[at] = YES if place else NO
        at += 1
    return s[p[STACK]]
