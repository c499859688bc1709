"""Flip times: when time alone flips a leaf. Where two lines cross, or where a count decays below its limit.

Comes in: the program `p`, the table's words `w`, the kernel's space `s`, a row and an instant `now` (ms) at which
the row's windows stand; a leaf by its address, and whether it holds now; an instant `until`, from which on nobody
needs to know. Goes out: an instant, FAR if it does not flip before `until`.
"""

import numpy as np

from streams.core.kernel.bits import real_of
from streams.core.kernel.buckets import bucket_counts
from streams.core.kernel.interpreter import orders, truth, value
from streams.core.kernel.jit import compiled
from streams.core.kernel.layout import (
    ALWAYS,
    COMPARE,
    DECAYING,
    EVER,
    FAR,
    HOLDS,
    IS_RECENCY,
    KIND,
    LEFT,
    LENGTH,
    LITERAL,
    NUMBER,
    OPERATOR,
    OPTIONS,
    READS,
    RIGHT,
    SCORED_WORDS,
    SCORES,
    SINCE,
    SPAN,
    STEPWISE,
    TIME_DEPENDENCE,
    TOTAL_WORD,
    VALUE,
    WITHIN,
)
from streams.core.kernel.scoring import edges_at, score_of
from streams.core.kernel.windows import bucket_at, bucket_begins, next_move


@compiled
def _first_flip_near(p, w, s, row, now, leaf, holds_now, crossing, doubt):
    """The first ms after `now` at which the leaf's truth differs, within `doubt` ms of where two lines cross."""
    if not (-doubt <= crossing < 4e15):
        return FAR
    at, last = now + max(1, int(np.floor(crossing))), now + int(np.floor(crossing)) + doubt
    while at <= last and truth(p, w, s, row, at, leaf) == holds_now:
        at += 1
    while at > now + 1 and at <= last and truth(p, w, s, row, at - 1, leaf) != holds_now:
        at -= 1
    return at if at <= last else FAR


@compiled
def _doubt(left, right, nearing):
    """By how many ms rounding may move a crossing: a few last digits of the numbers compared."""
    return 2 + int(min((abs(left) + abs(right)) * 1e-15 / abs(nearing), 1000.0))


@compiled
def _crossing(p, w, s, row, now, leaf, holds_now, until, left, grows, right, moves):
    if grows == moves:
        return FAR
    doubt = _doubt(left, right, grows - moves)
    crossing = (right - left) / (grows - moves)
    if crossing > until - now + doubt:
        return FAR
    return _first_flip_near(p, w, s, row, now, leaf, holds_now, crossing, doubt)


@compiled
def _lines_cross(p, w, s, row, now, leaf, holds_now, until):
    """When time alone next changes a leaf whose value moves with it; FAR if never."""
    due = FAR
    left, kind, grows = value(p, w, s, row, now, p[leaf + LEFT])
    if kind == NUMBER and p[leaf + KIND] == COMPARE:
        right, right_kind, moves = value(p, w, s, row, now, p[leaf + RIGHT])
        if right_kind == NUMBER:
            due = _crossing(p, w, s, row, now, leaf, holds_now, until, left, grows, right, moves)
    elif kind == NUMBER and p[leaf + KIND] == WITHIN:
        options = p[leaf + OPTIONS]
        for i in range(options + 2, options + 2 + p[options + 1]):
            option = real_of(p[i])
            due = min(due, _crossing(p, w, s, row, now, leaf, holds_now, until, left, grows, option, 0.0))
    return due


@compiled
def _decays(p, w, s, row, now, leaf, holds_now, until):
    """When a count that only falls as time goes on first changes the truth of its comparison; FAR if never."""
    operator = p[leaf + OPERATOR]
    limit, kind, _ = value(p, w, s, row, now, p[leaf + RIGHT])
    if kind != NUMBER:
        return FAR
    ring, window = p[p[leaf + READS] + 1], p[p[leaf + READS] + 2]
    count, head, span = w[row, p[window + TOTAL_WORD]], bucket_at(p, ring, now), p[window + SPAN]
    for bucket in range(head - span + 1, min(head, bucket_at(p, ring, until) - span) + 1):
        count -= bucket_counts(p, w, row, ring, window, bucket % p[ring + LENGTH])
        if orders(operator, float(count), limit) != holds_now:
            return bucket_begins(p, ring, bucket + span)
    return FAR


@compiled
def _score_at(p, w, s, row, at, scored, edges):
    number, kind, grows = value(p, w, s, row, at, p[scored + VALUE])
    return score_of(p, edges, number if kind == NUMBER else np.nan, p[scored + IS_RECENCY]), number, grows


@compiled
def _first_other_score(p, w, s, row, now, scored, edges, near, doubt):
    """The first ms after `now` at which a value scores otherwise, within `doubt` ms of where it reaches an edge."""
    score, _, _ = _score_at(p, w, s, row, now, scored, edges)
    at, last = now + max(1, near), now + near + doubt
    while at <= last and _score_at(p, w, s, row, at, scored, edges)[0] == score:
        at += 1
    while at > now + 1 and at <= last and _score_at(p, w, s, row, at - 1, scored, edges)[0] != score:
        at -= 1
    return at if at <= last else FAR


@compiled
def _next_score(p, w, s, row, now, scored, until):
    """When time alone next changes what a value scores: it reaches an edge, or other edges hold; FAR if never."""
    since, edges = p[p[scored] + SINCE], edges_at(p, p[scored], now)
    due = since if since > now else FAR
    score, number, grows = _score_at(p, w, s, row, now, scored, edges)
    if grows == 0.0 or np.isnan(score):
        return due
    passed = int(5.0 - score if p[scored + IS_RECENCY] else score - 1.0)
    ahead = passed if grows > 0.0 else passed - 1
    if ahead < 0 or ahead > 3:
        return due
    edge = real_of(p[edges + ahead])
    crossing, doubt = (edge - number) / grows, _doubt(number, edge, grows)
    if not (-doubt <= crossing < min(4e15, float(until - now + doubt))):
        return due
    return min(due, _first_other_score(p, w, s, row, now, scored, edges, int(np.floor(crossing)), doubt))


@compiled
def next_scores(p, w, s, row, now, scores, until):
    """When time alone next changes one of a list of scores; `until` if not before."""
    due = until
    for i in range(scores + 1, scores + 1 + SCORED_WORDS * p[scores], SCORED_WORDS):
        due = min(due, _next_score(p, w, s, row, now, i, due))
    return due


@compiled
def _next_step(p, w, s, row, now, leaf, until):
    """When time alone next changes what a leaf's windows count, or a score; FAR if not before `until`."""
    due, reads = next_scores(p, w, s, row, now, p[leaf + SCORES], until), p[leaf + READS]
    for i in range(reads + 1, reads + 1 + 2 * p[reads], 2):
        due = min(due, next_move(p, w, row, p[i], p[i + 1], now, due))
    return due if due < until else FAR


@compiled
def _compares_with_constant(p, leaf):
    right = p[leaf + RIGHT]
    return p[leaf + KIND] == COMPARE and p[right] == 1 and p[right + 1] == LITERAL


@compiled
def step_together(p, leaf, other):
    """Whether two leaves compare one value with constants, and only steps flip them: then the same ones may."""
    steps = (
        p[leaf + TIME_DEPENDENCE] == STEPWISE
        and p[other + TIME_DEPENDENCE] == STEPWISE
        and p[leaf + LEFT] == p[other + LEFT]
    )
    return steps and _compares_with_constant(p, leaf) and _compares_with_constant(p, other)


@compiled
def next_flip(p, w, s, row, now, leaf, truth_now, until):
    """The first ms after `now` at which time alone may change a leaf's truth.

    It does change then, and never again, unless the leaf is STEPWISE or MIXED.
    """
    if truth_now & ALWAYS or not truth_now & EVER:
        return FAR
    dependence, holds_now = p[leaf + TIME_DEPENDENCE], truth_now & HOLDS == HOLDS
    if dependence == DECAYING:
        return _decays(p, w, s, row, now, leaf, holds_now, until)
    due = FAR if dependence == STEPWISE else _lines_cross(p, w, s, row, now, leaf, holds_now, until)
    if dependence >= STEPWISE:
        due = min(due, _next_step(p, w, s, row, now, leaf, min(due, until)))
    return due
