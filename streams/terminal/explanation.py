"""An explanation in words, or as JSON: what `segmenter explain` prints.

Comes in: an `Explanation`, and the names of the rules that are asked for, if any. Goes out: lines of text, or one JSON
object.
"""

import math
from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from operator import attrgetter

import msgspec

from streams.admin.links import AliasOf
from streams.core.changes import Change
from streams.core.explain.explanation import AMONG, ConditionNow, Explanation, RuleNow, SubscriptionNow
from streams.core.explain.history import Since
from streams.core.explain.scorecard import ScoreNow
from streams.core.instants import format_time
from streams.core.subjects import USER
from streams.outputs.change import encode_change
from streams.outputs.wording import value_in_words
from streams.printable import printable
from streams.terminal.columns import WIDTH, in_columns, in_lines
from streams.terminal.dates import in_full, when
from streams.terminal.links import aliases_in_words
from streams.terminal.overview import INDENT, overview
from streams.terminal.standing import called, is_unscored, place, reason, standing, value, verb, warming

MORE = "`--segment NAME` shows each condition of a rule, and since when it holds."

Row = tuple[str, str, str, str, str]


def in_words(explanation: Explanation, rules: Collection[str] = (), aliases: Sequence[AliasOf] = ()) -> str:
    """The rules asked for in full; where none is, where the subject stands in all of them."""
    return "\n".join(_lines(explanation, rules, aliases))


def _lines(explanation: Explanation, rules: Collection[str], aliases: Sequence[AliasOf]) -> Iterator[str]:
    at_ms = explanation.at_ms
    yield f"{printable(explanation.subject)}, as of {in_full(at_ms)}"
    is_full = bool(rules) or len(explanation.rules) == 1
    if is_full:
        asked = [rule for rule in explanation.rules if rule.rule in rules or not rules]
        yield from (line for rule in asked for line in _block(rule, at_ms))
        yield from _known_since([each for rule in asked for each in rule.conditions], at_ms)
    else:
        yield from overview(explanation)
    if explanation.subscriptions and not rules:
        yield from ("", f"mrr: {value_in_words(sum(one.mrr for one in explanation.subscriptions if one.counts))}")
        subscriptions = [_subscription_row(one, at_ms) for one in explanation.subscriptions]
        yield from _table(subscriptions)
    if aliases and not rules:
        yield ""
        yield from in_lines(f"aliases: {aliases_in_words(aliases)}")
    if not is_full:
        yield from ("", MORE)


def _block(rule: RuleNow, at_ms: int) -> Iterator[str]:
    """A rule with each of its conditions, and since when it holds or does not."""
    yield from ("", f"{called(rule.rule, rule.is_shadow)}: {standing(rule, at_ms)}")
    if until := warming(rule, at_ms):
        yield from in_lines(f"{until}: not all that it counts was kept before", INDENT)
    yield from _table([*map(_score_row, rule.scores), *_condition_rows(rule, at_ms)])
    yield from in_lines(f"next: {_next(rule, at_ms)}", INDENT)


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    return (INDENT + line for line in in_columns(rows, WIDTH - len(INDENT)))


def _known_since(conditions: Sequence[ConditionNow], at_ms: int) -> Iterator[str]:
    """A profile keeps no past: what has not changed since its newest event is told once, not in every line."""
    begun = {each.since.ms for each in conditions if not each.since.exact and each.since.ms is not None}
    for ms in begun:
        yield ""
        yield from in_lines(f"Where no time is said, it has been so since {when(ms, at_ms)} or before.")


def in_json(explanation: Explanation, rules: Collection[str] = (), aliases: Sequence[AliasOf] = ()) -> bytes:
    """The rules asked for, or all, each in full."""
    asked = [_rule_json(rule) for rule in explanation.rules if rule.rule in rules or not rules]
    told = {USER.id_field: explanation.subject, "as_of": format_time(explanation.at_ms), "rules": asked}
    told["subscriptions"] = list(map(_subscription_json, explanation.subscriptions))
    return msgspec.json.encode({**told, "aliases": [one._asdict() for one in aliases]})


def _condition_rows(rule: RuleNow, at_ms: int) -> Iterator[Row]:
    """A row a condition; the part of the rule stands before its first one. Of scores only who is scored: what they are
    of says the rest."""
    for part, conditions in groupby(_decisive(rule), attrgetter("part")):
        for number, each in enumerate(conditions):
            truth = "yes" if each.holds else "no"
            yield (
                "" if number else part,
                truth,
                each.condition,
                f"is {value(each.value, each.condition)}",
                _since(each.since, at_ms),
            )


def _subscription_row(one: SubscriptionNow, at_ms: int) -> Row:
    counts = "counts" if one.counts else "does not count"
    status, plan = (
        printable(str(each)) if each else f"no {name}" for name, each in (("status", one.status), ("plan", one.plan))
    )
    updated = f"updated {when(one.updated_ms, at_ms)}"
    mrr = value_in_words(one.mrr) + (" and more" if one.incomplete else "")
    return printable(one.id), f"{status}, {counts}", plan, mrr, updated


def edges_in_words(edges: Sequence[float] | None) -> str:
    """An infinite one is where nobody is: of quintiles, where too many are alike.

    >>> edges_in_words((1.0, 2.0, 4.0, 8.0)), edges_in_words((1.0, 1.0, math.inf, math.inf))
    ('by the edges 1, 2, 4, 8', 'by the edges 1, 1; nobody is beyond')
    >>> edges_in_words((math.inf,) * 4), edges_in_words(None)
    ('all are alike', '')
    """
    if edges is None:
        return ""
    reached = [value_in_words(edge) for edge in edges if math.isfinite(edge)]
    if not reached:
        return "all are alike"
    return f"by the edges {', '.join(reached)}{'' if len(reached) == len(edges) else '; nobody is beyond'}"


def _score_row(each: ScoreNow) -> Row:
    score = "-" if each.score is None else str(each.score)
    return each.part, score, each.expression, f"is {value(each.value)}", edges_in_words(each.edges)


def _decisive(rule: RuleNow) -> Sequence[ConditionNow]:
    """Of a tier, the conditions up to the level that holds: those after it decide nothing. Of scores, who is scored."""
    if rule.scores:
        return [each for each in rule.conditions if each.part == AMONG]
    parts = [each.part for each in rule.conditions]
    level = place(rule)
    return rule.conditions[: len(parts) - parts[::-1].index(level)] if level in parts else rule.conditions


def _since(since: Since, at_ms: int) -> str:
    if since.ms is None:
        return "never yet"
    return f"since {when(since.ms, at_ms)}" if since.exact else ""


def _next(rule: RuleNow, at_ms: int) -> str:
    if rule.next is not None:
        return _coming(rule.next, at_ms)
    if rule.is_tier and rule.segment is None and not is_unscored(rule):
        return "a level, once they are"
    return f"stays {place(rule)} until something happens"


def _coming(change: Change, at_ms: int) -> str:
    why = reason(change)
    moment = f"{when(change.occurred_at, at_ms)} UTC" + (f", when {why}" if why else "")
    return f"{verb(change)} on {moment}, unless something happens before"


def _rule_json(rule: RuleNow) -> dict[str, object]:
    return {
        "rule": rule.rule,
        "state": "shadow" if rule.is_shadow else "live",
        "segment": rule.segment,
        "since": None if rule.since_ms is None else format_time(rule.since_ms),
        "ordinal": rule.ordinal,
        "warming_until": None if rule.warming_until_ms is None else format_time(rule.warming_until_ms),
        "scores": rule.scores,
        "conditions": [_condition_json(each) for each in rule.conditions],
        "next": None if rule.next is None else msgspec.Raw(encode_change(rule.next)),
    }


def _subscription_json(one: SubscriptionNow) -> dict[str, object]:
    told = {
        "id": one.id,
        "status": one.status,
        "plan": one.plan,
        "mrr": one.mrr,
        "incomplete": one.incomplete,
        "counts": one.counts,
    }
    return {**told, "updated": format_time(one.updated_ms)}


def _condition_json(each: ConditionNow) -> dict[str, object]:
    since = None if each.since.ms is None else format_time(each.since.ms)
    told = {"part": each.part, "condition": each.condition, "value": each.value, "now": each.holds}
    return {**told, "since": since, "exact": each.since.exact}
