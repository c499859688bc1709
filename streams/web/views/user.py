"""One user: in which segments, why, since when, what comes next; traits, subscriptions, aliases, messages.

Comes in: a user id. Goes out: a `User`, or `Unknown`. It is what `segmenter explain` tells, by the same engine.
"""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from streams.admin.lookup import Found, stored_in
from streams.admin.timeline import timeline_of_all
from streams.core.changes import Change
from streams.core.engine.privacy import MASKED, is_private
from streams.core.explain import explanation
from streams.core.explain.explanation import AMONG, Explanation, explain
from streams.core.rules.rulebook import level_name
from streams.errors import Unknown
from streams.outputs.wording import reason_in_words
from streams.web.views.changes import ChangeShown, from_timeline
from streams.web.views.decisions import DecisionShown
from streams.web.views.received import received
from streams.web.views.times import Instant, told, told_or_none
from streams.web.views.window import Window


class ConditionShown(msgspec.Struct, frozen=True, gc=False):
    """part: `enter` or `exit`; of a tier the level. value: null where it is missing, `***` where it is private.

    since: from when on it holds, or does not; null where it never held. is_exact: false where maybe even before.
    decides: whether the rule would say something else if this were otherwise.
    """

    part: str
    condition: str
    value: Any
    holds: bool
    since: Instant | None
    is_exact: bool
    decides: bool


class Coming(msgspec.Struct, frozen=True, gc=False):
    """A change that comes if nothing happens before. why: the reason, in words."""

    at: Instant
    type: str
    rule: str
    segment: str
    previous: str | None
    why: str


class ScoreShown(msgspec.Struct, frozen=True, gc=False):
    """A score of 1 to 5, of what, and the edges that part it; null while there are none."""

    part: str
    score: int | None
    of: str
    value: Any
    edges: tuple[float, ...] | None


class StandingShown(msgspec.Struct, frozen=True, gc=False):
    """Where the user stands by one rule. segment: null where in none. changes: how many there were by this rule.

    state: `live`, `shadow` (nobody is told of it), or `warming` (until then its counts do not reach back far enough, so
    that the user may be where they should not).
    """

    rule: str
    sort: str
    segment: str | None
    level: str | None
    since: Instant | None
    changes: int
    conditions: tuple[ConditionShown, ...]
    scores: tuple[ScoreShown, ...]
    next: Coming | None
    state: Literal["live", "shadow", "warming"]
    warming_until: Instant | None


class TraitShown(msgspec.Struct, frozen=True, gc=False):
    """value: `***` where it is private. set_at: null where it follows from the subscriptions."""

    name: str
    value: Any
    set_at: Instant | None
    is_private: bool


class SubscriptionShown(msgspec.Struct, frozen=True, gc=False):
    """counts: whether it is part of the MRR. is_incomplete: whether something of it could not be priced."""

    id: str
    status: str | None
    plan: str | None
    mrr: float
    counts: bool
    is_incomplete: bool
    updated_at: Instant


class AliasShown(msgspec.Struct, frozen=True, gc=False):
    """Another id of the user. how: by what it was linked. is_shared: whether another user was linked to it, later."""

    alias: str
    how: str
    is_shared: bool


class User(msgspec.Struct, frozen=True, gc=False):
    """segments: all that the user is in, but for what is in shadow. remark: what is to be said of how it was found;
    often empty.

    timeline: the newest changes, the newest first. messages: what was decided about messages to the user, and what the
    user did with them, the newest first.
    """

    user_id: str
    as_of: Instant
    remark: str
    segments: tuple[str, ...]
    rules: tuple[StandingShown, ...]
    traits: tuple[TraitShown, ...]
    subscriptions: tuple[SubscriptionShown, ...]
    aliases: tuple[AliasShown, ...]
    timeline: tuple[ChangeShown, ...]
    messages: tuple[DecisionShown, ...]


class Explained(msgspec.Struct, frozen=True, gc=False):
    """Where a user stands by the rules that were asked for."""

    user_id: str
    as_of: Instant
    rules: tuple[StandingShown, ...]


class Forecast(msgspec.Struct, frozen=True, gc=False):
    """What changes for the user within ten years if nothing happens."""

    user_id: str
    as_of: Instant
    changes: tuple[Coming, ...]


async def user(window: Window, user_id: str, at_ms: int | None = None) -> User:
    found, now = await _explained(window, user_id, at_ms)
    standings = tuple(map(_standing, now.rules))
    return User(
        user_id=user_id,
        as_of=told(now.at_ms),
        remark=found.remark,
        segments=tuple(each.segment for each in standings if each.segment and each.state != "shadow"),
        rules=standings,
        traits=tuple(_traits(found, user_id, window.settings.private_traits)),
        subscriptions=tuple(map(_subscription, now.subscriptions)),
        aliases=tuple(AliasShown(each.alias, each.how, each.is_shared) for each in found.aliases if each.is_hers),
        timeline=await timeline_of(window, user_id),
        messages=await received(window, user_id),
    )


async def explained(window: Window, user_id: str, at_ms: int | None, rule: str | None) -> Explained:
    """By all rules, or by one."""
    _, found = await _explained(window, user_id, at_ms)
    rules = tuple(_standing(each) for each in found.rules if rule in (None, each.rule))
    if not rules:
        raise Unknown(f"There is no rule {rule}.")
    return Explained(user_id, told(found.at_ms), rules)


async def timeline_of(window: Window, user_id: str) -> tuple[ChangeShown, ...]:
    """The newest first, with those of users who became this one, each under the id of then; none of somebody who is not
    known."""
    found = await timeline_of_all(window.store, window.settings, user_id)
    return tuple(from_timeline(each.user, each.entry) for each in found)


async def forecast(window: Window, user_id: str) -> Forecast:
    _, now = await _explained(window, user_id, None)
    return Forecast(user_id, told(now.at_ms), tuple(map(_coming, now.coming)))


async def _explained(window: Window, user_id: str, at_ms: int | None) -> tuple[Found, Explanation]:
    if not user_id.strip():
        raise Unknown("Say of whom: a user id has at least one character.")
    rules = await window.rules()
    now_ms = window.clock()
    found = await stored_in(window.store, window.settings, rules.rulebook, user_id, at_ms, now_ms)
    # Some milliseconds of a processor, some hundred where the engine is not compiled: others are served meanwhile.
    return found, await asyncio.to_thread(explain, found.shard, user_id, found.at_ms)


def _standing(rule: explanation.RuleNow) -> StandingShown:
    decisive = {each.condition for each in rule.decisive}
    told_of = [each for each in rule.conditions if not rule.scores or each.part == AMONG]
    return StandingShown(
        rule=rule.rule,
        sort="scores" if rule.scores else "tier" if rule.is_tier else "segment",
        segment=rule.segment,
        level=level_name(rule.rule, rule.segment) if rule.is_tier and rule.segment else None,
        since=told_or_none(rule.since_ms),
        changes=rule.ordinal,
        conditions=tuple(
            ConditionShown(
                each.part,
                each.condition,
                each.value,
                each.holds,
                told_or_none(each.since.ms),
                each.since.exact,
                each.condition in decisive,
            )
            for each in told_of
        ),
        scores=tuple(
            ScoreShown(each.part, each.score, each.expression, each.value, each.edges) for each in rule.scores
        ),
        next=None if rule.next is None else _coming(rule.next),
        state="shadow" if rule.is_shadow else "live" if rule.warming_until_ms is None else "warming",
        warming_until=told_or_none(rule.warming_until_ms),
    )


def _coming(change: Change) -> Coming:
    why = reason_in_words(change)
    return Coming(told(change.occurred_at), change.type, change.rule, change.segment, change.previous, why)


def _traits(found: Found, user_id: str, private: frozenset[str]) -> Iterator[TraitShown]:
    document = found.shard.table.document(found.shard.table.row_of(user_id))
    derived: Mapping[str, Any] = document.ledger.traits if document.ledger is not None else {}
    said = {name: (value, ms) for name, (value, ms) in document.traits.items() if name not in derived}
    both: dict[str, tuple[Any, int | None]] = {**said, **{name: (value, None) for name, value in derived.items()}}
    for name, (value, ms) in sorted(both.items()):
        if value is not None:
            hidden = is_private(name, private)
            yield TraitShown(name, MASKED if hidden else value, told_or_none(ms), hidden)


def _subscription(one: explanation.SubscriptionNow) -> SubscriptionShown:
    status, plan = (None if each is None else str(each) for each in (one.status, one.plan))
    return SubscriptionShown(one.id, status, plan, one.mrr, one.counts, one.incomplete, told(one.updated_ms))
