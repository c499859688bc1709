"""Each judge finds what it is there for: what a healthy group tells is spoilt in one way, and just that is blamed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import pytest

from streams.runtime.running import GONE_WITHIN_S
from streams.state.redis_client import CONNECTIONS
from tests.faults.judges.all import judged
from tests.faults.judges.healthy import Healthy, healthy, letter, seen
from tests.faults.judges.processes import SLACK_S, judge_logs, judge_stops
from tests.faults.judges.spoiling import (
    EXACT,
    LEFT,
    Spoil,
    again,
    drop,
    feed_of,
    held_elsewhere,
    known_membership,
    last_place,
    more,
    no_tombstone,
    of,
    one_member_more,
    one_membership_more,
    other_edges,
    place,
    say,
    saying,
    turned_around,
    webhook_again,
    webhooks_turned_around,
    with_a_gap,
    without,
    without_survivor,
)
from tests.faults.judges.verdict import Verdict
from tests.faults.stream import LATER, SCORES, Stream
from tests.faults.told import Held, Told


@pytest.fixture(scope="module")
def of_engine() -> Healthy:
    return healthy(Stream(3, begins_ms=1_780_000_000_000, seconds=5, rate=500))


def verdict_of(of_engine: Healthy, told: Told, *, lost: bool = False) -> Verdict:
    return judged(told, of_engine.wanted, of_engine.rulebook, lost, delivers=True)


def test_of_what_a_healthy_group_tells_nothing_is_blamed(of_engine: Healthy) -> None:
    verdict = verdict_of(of_engine, of_engine.told)
    assert verdict.examples == {}
    nothing = {what for what, count in verdict.counts.items() if count == 0}
    assert nothing == {"repeats", "memberships after newer ones", "repeats of dead letters", "of them again"}
    assert str(verdict).startswith("lost, invented, differing: 0; changes: ")


FAR: Final = "changes that do not follow those before"
ELSEWHERE: Final = "users who end elsewhere than where they must be"
NOBODY: Final = "erased-1"

SPOILT: Final[Mapping[str, tuple[Spoil, set[str]]]] = {
    "a change is lost": (drop("changes", EXACT), {"lost"}),
    "a deadline is lost": (drop("changes", of("quiet")), {"lost"}),
    "a change that a link brought is lost": (drop("changes", of("exporter", "linked")), {"lost"}),
    "a deadline is noticed a millisecond late": (
        say("changes", of("quiet"), occurred_at="2026-07-01T00:00:00.000Z"),
        {"differing"},
    ),
    "a change says another reason": (say("changes", EXACT, because=[]), {"differing"}),
    "a change is invented": (again("changes", EXACT, id="another"), {"invented"}),
    "two changes of a user come in the other order": (turned_around, {"out of order"}),
    "a repeat says something else": (again("changes", EXACT, segments=["payer"]), {"repeats that differ"}),
    "a record bears the id of another change": (
        lambda told: {"changes": [told.changes[0]._replace(headers=told.changes[1].headers), *told.changes[1:]]},
        {"records that bear another id than their change"},
    ),
    "the first change of scores is lost": (drop("changes", of(SCORES)), {ELSEWHERE}),
    "scores are told once more under another id": (again("changes", of(SCORES), id="another"), {FAR}),
    "scores are taken away": (
        again("changes", of(SCORES), id="another", ordinal=2, type="segment.exited"),
        {ELSEWHERE, "scores that were taken away"},
    ),
    "a level is not that of its scores": (
        say("changes", of(SCORES), segment="rfm/nobody"),
        {ELSEWHERE, "levels that are not those of their scores"},
    ),
    "somebody who is gone gets scores for good": (
        lambda told: {"held": {**told.held, NOBODY: {"rfm/promising"}}},
        {"users who stand elsewhere in Redis"},
    ),
    "a quintile has one more": (one_member_more("rfm/champions"), {"segments of another size"}),
    "a shard scores by other edges": (other_edges(0), {"users whose shard scores by other edges"}),
    "a shard has other edges written down that move nobody of its own": (other_edges(1), set()),
    "a shard has no edges": (lambda told: {"edges": dict([*told.edges.items()][1:])}, {"shards that know no edges"}),
    "who stays after a merge misses a change": (with_a_gap(of("exporter", "stays")), {FAR}),
    "who is merged away is not told to leave": (
        drop("changes", LEFT),
        {"users merged away who were not told to leave"},
    ),
    "a merge does not say into whom": (
        lambda told: {"changes": [without_survivor(one) for one in told.changes]},
        {"merges that do not say into whom"},
    ),
    "the rule that came in the middle misses a change": (with_a_gap(of(LATER)), {FAR}),
    "the rule that came in the middle misses the last one": (drop("changes", of(LATER), last=True), {ELSEWHERE}),
    "a membership is wrong": (one_membership_more(1, segments={"payer": {}}), {"memberships that are wrong"}),
    "a membership is missing": (
        lambda told: {"memberships": [one for one in told.memberships if one.key != known_membership(told).key]},
        {"memberships that are wrong"},
    ),
    "a version says two things": (one_membership_more(0, segments={"payer": {}}), {"versions that say two things"}),
    "a version begins anew": (one_membership_more(-10_000, segments={}), set()),
    "a membership stands under another key": (
        one_membership_more(1, user_id="another"),
        {"memberships under another key"},
    ),
    "who is merged away has memberships": (no_tombstone, {"users who are gone and have memberships"}),
    "who is erased has memberships": (
        more("memberships", seen(NOBODY, {"user_id": NOBODY, "segments": {}, "version": 1})),
        {"users who are gone and have memberships"},
    ),
    "who is erased has a profile": (lambda _: {"profiles": {NOBODY}}, {"users who are gone and have a profile"}),
    "somebody stands elsewhere in Redis": (held_elsewhere, {"users who stand elsewhere in Redis"}),
    "a segment has one more": (one_member_more("quiet"), {"segments of another size"}),
    "a segment of the rule in the middle has one more": (one_member_more(LATER), {"segments of another size"}),
    "a dead letter is lost": (
        lambda told: {"letters": without(told.letters, 0)},
        {"too many or too few dead letters"},
    ),
    "a dead letter is of what can be used": (
        lambda told: {"letters": [letter(0)._replace(value=b"{}"), *told.letters[1:]]},
        {"dead letters of what can be used"},
    ),
    "an input was not read to its end": (
        lambda told: {"applied": {**told.applied, "billing-updates": 1}},
        {"inputs that were not read to their end"},
    ),
    "a message was not sent": (
        drop("decisions", lambda one: one["message"] == "hello"),
        {"decisions that are missing"},
    ),
    "a webhook is not told of": (
        drop("decisions", lambda one: one["message"] is None),
        {"decisions that are missing"},
    ),
    "a message was sent that nobody asked for": (
        again("decisions", lambda one: one["message"] == "hello", id="another"),
        {"decisions that nobody asked for"},
    ),
    "a decision is told again in another way": (
        again("decisions", lambda one: one["message"] == "hello", reason="another"),
        {"decisions that differ"},
    ),
    "a message to Kafka is lost": (drop("messages", bool), {"messages that are missing"}),
    "a message to Kafka says something else": (again("messages", bool, title="another"), {"messages that differ"}),
    "a message is missing in a feed": (feed_of("pays", {"another"}), {"feeds that are wrong"}),
    "who is erased has a feed": (
        lambda told: {"feeds": {**told.feeds, NOBODY: {"some"}}},
        {"feeds that are wrong"},
    ),
    "a webhook is lost": (lambda told: {"webhooks": without(told.webhooks, 0)}, {"webhooks that are missing"}),
    "a webhook comes again and says something else": (webhook_again, {"webhooks that differ"}),
    "a webhook bears another id than its change": (
        lambda told: {"webhooks": [*told.webhooks, told.webhooks[0]._replace(id="another")]},
        {"webhooks under another id", "webhooks that nobody asked for"},
    ),
    "a process holds more than it can need": (
        lambda _: {"held_open": [Held("worker", "Redis", CONNECTIONS), Held("worker", "Redis", CONNECTIONS + 1)]},
        {"connections that were left open"},
    ),
    "webhooks come in another order": (webhooks_turned_around, {"webhooks out of order"}),
}


@pytest.mark.parametrize("what", SPOILT)
def test_what_is_spoilt_is_blamed_and_nothing_else(of_engine: Healthy, what: str) -> None:
    spoil, blamed = SPOILT[what]
    verdict = verdict_of(of_engine, replace(of_engine.told, **spoil(of_engine.told)))
    assert set(verdict.wrong) == blamed, verdict.examples


def test_what_comes_again_is_counted_and_not_blamed(of_engine: Healthy) -> None:
    told = of_engine.told
    twice = replace(
        told,
        changes=[*told.changes, *told.changes[:7]],
        letters=[*told.letters, told.letters[0]],
        webhooks=[*told.webhooks, told.webhooks[0]],
        **one_membership_more(-1)(told),
    )
    verdict = verdict_of(of_engine, twice)
    assert not verdict.wrong, verdict.examples
    assert (verdict.counts["repeats"], verdict.counts["repeats of dead letters"]) == (7, 1)
    assert (verdict.counts["of them again"], verdict.counts["memberships after newer ones"]) == (1, 1)


def test_where_redis_lost_something_changes_may_go_on_from_one_of_before(of_engine: Healthy) -> None:
    told = of_engine.told
    first = told.changes[place(told.changes, of(SCORES))]
    once_more = replace(told, changes=[*told.changes, saying(first, id="another")])
    assert set(verdict_of(of_engine, once_more).wrong) == {FAR}
    assert not verdict_of(of_engine, once_more, lost=True).wrong


def test_a_backfill_goes_on_from_the_last_change_to_elsewhere_and_only_where_redis_lost_something(
    of_engine: Healthy,
) -> None:
    told, which = of_engine.told, of(LATER)
    last = told.changes[last_place(told.changes, which)]
    led_on = {"id": "another", "cause": "backfill", "event_id": None, "ordinal": last.json["ordinal"] + 1}
    out, is_in = {"type": "segment.exited"}, {"type": "segment.entered"}
    there, back = (is_in, out) if last.json["type"] == "segment.exited" else (out, is_in)
    then = {"id": "yet another", "ordinal": last.json["ordinal"] + 2, "cause": "event"}

    def blamed(*more: Mapping[str, object], lost: bool = True) -> set[str]:
        changes = [*told.changes, *(saying(last, **each) for each in more)]
        return set(verdict_of(of_engine, replace(told, changes=changes), lost=lost).wrong)

    assert blamed(led_on | there, then | back) == set()
    assert blamed(led_on | there) == {ELSEWHERE}
    unlike = "backfills that do not lead on from the last change"
    assert blamed(led_on | there, then | back, lost=False) == {unlike}
    assert blamed(led_on | back) == {unlike}
    assert blamed(led_on | there | {"ordinal": last.json["ordinal"] + 2}, then | back) >= {unlike}


def test_who_is_not_gone_by_the_bound_of_the_product_and_some_more_is_blamed() -> None:
    verdict, bound_s = Verdict(), GONE_WITHIN_S + SLACK_S
    judge_stops(verdict, [("worker", 0.3), ("web", bound_s)])
    assert not verdict.wrong
    judge_stops(verdict, [("worker", bound_s + 1)])
    assert set(verdict.wrong) == {"processes that were not gone in time"}


def test_a_traceback_in_a_log_is_blamed_and_words_are_not() -> None:
    verdict, trace = Verdict(), "Traceback (most recent call last):\n  File"
    judge_logs(verdict, {"worker-1": "ERROR shard 1 - failed: ValueError", "worker-2": f"INFO\n{trace}"})
    assert verdict.examples == {"logs with a traceback": ("worker-2", trace)}


def test_a_group_that_does_not_deliver_is_not_asked_for_messages(of_engine: Healthy) -> None:
    told = replace(of_engine.told, decisions=[], messages=[], feeds={}, webhooks=[])
    assert not judged(told, of_engine.wanted, of_engine.rulebook, lost=False, delivers=False).wrong
