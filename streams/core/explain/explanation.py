"""Why a subject is in a segment or is not, and what comes next.

Comes in: a shard, a subject and an instant (ms). Goes out: an `Explanation`: every rule with its conditions, what holds
of them and since when, and the changes to come if nothing happens. The shard stays as it is.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from streams.core.changes import Change
from streams.core.engine.handed_out import Standing
from streams.core.engine.shard import Shard
from streams.core.events import Value
from streams.core.explain.decisive import decisive
from streams.core.explain.forecast import alone, clock
from streams.core.explain.history import Since, Watching, since_or_before
from streams.core.explain.inventory import warming
from streams.core.explain.scorecard import ScoreNow, scores_now
from streams.core.instants import DAY_MS
from streams.core.rules.nodes import Condition, Leaf
from streams.core.rules.rulebook import Grouping, Segment, Tier
from streams.core.rules.traversal import leaves

AMONG: Final = "among"  # the part of scores that says who is scored
AHEAD_MS: Final = 3_653 * DAY_MS  # ten years: how far a forecast looks


class ConditionNow(msgspec.Struct, frozen=True, gc=False):
    """One condition of a rule: its text, its value, whether it holds, and since when it does or does not.

    part: `enter` or `exit` of a segment, or the level of a tier; `among` of scores that are of some.
    """

    part: str
    condition: str
    value: Any
    holds: bool
    since: Since


class RuleNow(msgspec.Struct, frozen=True, gc=False):
    """What a rule says of a subject: in which segment since when, after how many changes, and why.

    segment: None if in none, of a tier while its quintiles are not known and for who is not scored; of a tier with the
    level, as in `lifecycle/power`. since_ms: None as long as nothing changed. next: the first change to come if nothing
    happens, None if there is none in the next ten years. scores: of a scores rule. decisive: the conditions because of
    which it is so; none where a level is because no other is. is_shadow: nobody is told of it. warming_until_ms: where
    not all that it counts was kept, when all of its windows are covered; until then it may say too little.
    """

    rule: str
    is_tier: bool
    segment: str | None
    since_ms: int | None
    ordinal: int
    conditions: tuple[ConditionNow, ...]
    next: Change | None
    scores: tuple[ScoreNow, ...]
    decisive: tuple[ConditionNow, ...] = ()
    is_shadow: bool = False
    warming_until_ms: int | None = None


class SubscriptionNow(msgspec.Struct, frozen=True, gc=False):
    """One subscription behind `mrr`. counts: whether its status lets it count. updated_ms: its newest update.

    incomplete: whether something of it could not be priced, so that `mrr` is what is known.
    """

    id: str
    status: Value
    plan: Value
    mrr: float
    counts: bool
    updated_ms: int
    incomplete: bool = False


class Explanation(msgspec.Struct, frozen=True, gc=False):
    """A subject as of an instant. coming: all changes of the ten years to follow, if nothing happens.

    subscriptions: as the newest update left them, those that count first, the largest first.
    """

    subject: str
    at_ms: int
    rules: tuple[RuleNow, ...]
    coming: tuple[Change, ...]
    subscriptions: tuple[SubscriptionNow, ...] = ()


def explain(shard: Shard, subject: str, at_ms: int) -> Explanation:
    """As of `at_ms`, or of the profile's clock if that is later. Until then, nothing more happens.

    The subject must be known to the shard. A shard that has been `Watching` them knows since when each condition holds;
    any other one only since when at the latest, where that is not after the profile's clock.
    """
    at_ms = max(at_ms, clock(shard, subject))
    if isinstance(shard, Watching) and shard.subject == subject:
        since = shard.since(at_ms)
    else:
        since = since_or_before(shard, subject, at_ms)
    copy = alone(shard, subject, shard.catalog.rulebook)
    copy.tick(at_ms)
    standings = list(copy.explain(subject, at_ms))
    coming = copy.tick(at_ms + AHEAD_MS)
    following = {change.rule: change for change in reversed(coming)}  # the first of each
    scores = scores_now(shard, subject, at_ms)
    warms = warming(shard.catalog.rulebook, shard.kept_since, shard.calendar, at_ms)
    rules = [
        _rule_now(rule, standing, since, following.get(rule.name), scores.get(rule.name, ()), warms.get(rule.name))
        for rule, standing in zip(shard.catalog.rulebook.groupings, standings, strict=True)
    ]
    return Explanation(subject, at_ms, tuple(rules), tuple(coming), _subscriptions(shard, subject))


def _subscriptions(shard: Shard, subject: str) -> tuple[SubscriptionNow, ...]:
    ledger = shard.table.document(shard.table.row_of(subject)).ledger
    found = [
        SubscriptionNow(
            id=key,
            status=one.read("status"),
            plan=one.read("plan"),
            mrr=one.mrr,
            counts=one.is_counted,
            updated_ms=one.updated,
            incomplete=one.is_incomplete,
        )
        for key, one in (ledger.own if ledger else {}).items()
    ]
    return tuple(sorted(found, key=lambda one: (not one.counts, -one.mrr, one.id)))


def _rule_now(
    rule: Grouping,
    standing: Standing,
    since: Mapping[Leaf, Since],
    following: Change | None,
    scores: tuple[ScoreNow, ...],
    warming_until_ms: int | None,
) -> RuleNow:
    reasons = {reason.condition: reason for reason in standing.because}
    conditions = []
    for part, leaf in _distinct_leaves(rule):
        reason = reasons[leaf.text]
        conditions.append(ConditionNow(part, leaf.text, reason.value, reason.now, since[leaf]))
    holds = {each.condition: each.holds for each in conditions}
    deciding = decisive(rule, standing.segment, holds)
    return RuleNow(
        rule.name,
        isinstance(rule, Tier),
        standing.segment,
        standing.since_ms,
        standing.ordinal,
        tuple(conditions),
        following,
        scores,
        tuple(each for each in conditions if each.condition in deciding),
        rule.is_shadow,
        warming_until_ms,
    )


def _distinct_leaves(rule: Grouping) -> Iterator[tuple[str, Leaf]]:
    """Each condition, with the part of the rule that it is written in first."""
    told: set[str] = set()
    for part, condition in _parts(rule):
        for leaf in leaves(condition):
            if leaf.text not in told:
                told.add(leaf.text)
                yield part, leaf


def _parts(rule: Grouping) -> Iterator[tuple[str, Condition]]:
    if isinstance(rule, Segment):
        yield "enter", rule.enter
        if rule.exit is not None:
            yield "exit", rule.exit
    else:
        if rule.among is not None:
            yield AMONG, rule.among
        yield from ((level.name, level.condition) for level in rule.levels)
