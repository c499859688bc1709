"""What a shard promises beside what the oracle judges: repeats, other rules than before, explanations."""

from collections.abc import Iterable

import msgspec
import numpy as np
import pytest

from streams.calendars import calendar
from streams.core.batch import Batch
from streams.core.calendar import Calendar
from streams.core.changes import Change
from streams.core.engine import loading as loading_module
from streams.core.engine.shard import Shard
from streams.core.events import Event, Value
from streams.core.instants import DAY_MS, HOUR_MS
from streams.core.language.parser import parse_condition, parse_value
from streams.core.profiles.document import MAX_TRAIT_BYTES, MAX_TRAITS
from streams.core.profiles.snapshot import Head
from streams.core.rules.rulebook import Edges, Rulebook, Scores, Segment
from streams.core.scores.quintiles import Quintiles
from streams.errors import UsageError

START = 20_000 * DAY_MS


def rulebook(version: str = "1", **rules: str) -> Rulebook:
    """Segments by name; `enter`, or `enter / exit`."""
    made = []
    for name, text in sorted(rules.items()):
        enter, _, leave = text.partition(" / ")
        exit_condition = parse_condition(leave) if leave else None
        made.append(Segment(name, parse_condition(enter), exit_condition, version=f"{version} {text}"))
    return Rulebook(tuple(made))


def seen(user: str, day: float, name: str = "Signed In", **traits: Value) -> Event:
    at = START + int(day * DAY_MS)
    return Event(user, at, "" if traits else name, not traits, f"{user} {day} {name}", {}, traits)


def brief(changes: Iterable[Change]) -> list[tuple[str, str, bool, float, str]]:
    return [(c.subject, c.rule, c.entered, (c.occurred_at - START) / DAY_MS, c.cause) for c in changes]


def reloaded(shard: Shard, rules: Rulebook) -> Shard:
    dirty = shard.take_dirty()
    return Shard.restore(rules, shard.head(), dirty.rows, dict(dirty.documents))


def renewed(shard: Shard) -> list[Change]:
    changes: list[Change] = []
    while shard.is_stale:
        changes += shard.migrate(1)
    return changes


def test_a_message_id_seen_among_the_last_sixteen_is_passed_over() -> None:
    shard = Shard(rulebook(busy="count(any) >= 17"))
    events = [seen("ann", day / 10) for day in range(16)]
    assert shard.step(Batch.of([*events, *events])) == []
    assert shard.duplicates == 16


def test_the_seventeenth_last_is_forgotten() -> None:
    shard = Shard(rulebook(busy="count(any) >= 18"))
    events = [seen("ann", day / 10) for day in range(17)]
    assert len(shard.step(Batch.of([*events, events[0]]))) == 1
    assert shard.duplicates == 0


def test_events_without_a_message_id_are_never_repeats() -> None:
    shard = Shard(rulebook(busy="count(any) >= 2"))
    nameless = Event("ann", START, "Signed In", True, None, {}, {})
    assert len(shard.step(Batch.of([nameless, nameless]))) == 1


def test_a_new_rule_is_evaluated_at_once_at_the_time_that_has_come() -> None:
    shard = Shard(rulebook(quiet="idle_days >= 30"))
    shard.step(Batch.of([seen("ann", 0), seen("bob", 1, plan="pro")]))
    shard.tick(START + 5 * DAY_MS)
    after = reloaded(shard, rulebook(paid='plan == "pro"', quiet="idle_days >= 30"))
    assert brief(renewed(after)) == [("bob", "paid", True, 5.0, "rule_change")]


def test_whoever_is_in_a_removed_rule_leaves_it() -> None:
    shard = Shard(rulebook(here="count(any) >= 1", quiet="idle_days >= 30"))
    shard.step(Batch.of([seen("ann", 0), seen("bob", 1)]))
    shard.tick(START + 5 * DAY_MS)
    after = reloaded(shard, rulebook(quiet="idle_days >= 30"))
    changes = renewed(after)
    assert brief(changes) == [(user, "here", False, 5.0, "rule_change") for user in ("ann", "bob")]
    assert [change.ordinal for change in changes] == [2, 2]


def test_a_changed_rule_goes_on_counting_its_changes() -> None:
    shard = Shard(rulebook(quiet="idle_days >= 3"))
    shard.step(Batch.of([seen("ann", 0)]))
    shard.tick(START + 4 * DAY_MS)
    after = reloaded(shard, rulebook(quiet="idle_days >= 10"))
    assert [(change.entered, change.ordinal) for change in renewed(after)] == [(False, 2)]
    assert brief(after.tick(START + 20 * DAY_MS)) == [("ann", "quiet", True, 10.0, "timer")]


def test_a_window_that_grows_keeps_what_it_has() -> None:
    shard = Shard(rulebook(busy="count(any, days=3) >= 5"))
    shard.step(Batch.of([seen("ann", day) for day in (0, 1, 2)]))
    after = reloaded(shard, rulebook(busy="count(any, days=10) >= 5"))
    assert renewed(after) == []
    assert brief(after.step(Batch.of([seen("ann", 3), seen("ann", 4)]))) == [("ann", "busy", True, 4.0, "event")]


def test_a_window_that_shrinks_forgets_what_is_outside() -> None:
    shard = Shard(rulebook(busy="count(any, days=10) >= 3"))
    shard.step(Batch.of([seen("ann", day) for day in (0, 1, 2)]))
    after = reloaded(shard, rulebook(busy="count(any, days=2) >= 3"))
    assert brief(renewed(after)) == [("ann", "busy", False, 2.0, "rule_change")]


def test_a_rule_added_later_finds_the_traits_of_before() -> None:
    shard = Shard(rulebook(quiet="idle_days >= 30"))
    shard.step(Batch.of([seen("ann", 0, seats=12)]))
    after = reloaded(shard, rulebook(large="seats > 10", quiet="idle_days >= 30"))
    assert brief(renewed(after)) == [("ann", "large", True, 0.0, "rule_change")]


def test_a_crash_between_two_slices_of_a_renewal_leaves_both_kinds_of_rows_readable() -> None:
    before, later = rulebook(quiet="idle_days >= 30"), rulebook(here="count(any) >= 0", quiet="idle_days >= 30")
    shard = Shard(before)
    shard.step(Batch.of([seen("ann", 0), seen("bob", 0), seen("cid", 0)]))
    stored, head = dict(shard.take_dirty().rows), shard.head()
    half = Shard.restore(later, head, list(stored.items()), {})
    first = half.migrate(2)
    stored |= dict(half.take_dirty().rows)
    rest = renewed(Shard.restore(later, half.head(), list(stored.items()), {}))
    assert [change.subject for change in (*first, *rest)] == ["ann", "bob", "cid"]


def test_a_shard_is_filled_slice_by_slice_so_that_others_go_on_between_them(monkeypatch: pytest.MonkeyPatch) -> None:
    rules, users = rulebook(busy="count(any) >= 1", vip='trait("plan") == "pro"'), [f"u-{n}" for n in range(7)]
    shard = Shard(rules)
    shard.step(Batch.of([seen(user, 0) for user in users] + [seen(user, 1, plan="pro") for user in users[::2]]))
    dirty, filled = shard.take_dirty(), Shard(rules)
    monkeypatch.setattr(loading_module, "ROWS_AT_ONCE", 2)
    loading = filled.loading(shard.head())
    for row in dirty.rows:
        loading.take_rows([row])
    for document in dirty.documents:
        loading.take_documents([document])
    assert len(list(filled.finish(loading))) == 4
    assert filled.all_memberships(users) == shard.all_memberships(users)


def test_how_many_have_yet_to_be_evaluated_under_other_rules_stands_in_what_is_stored() -> None:
    shard, other = Shard(rulebook(quiet="idle_days >= 3")), rulebook(quiet="idle_days >= 4")
    shard.step(Batch.of([seen(user, 0) for user in ("ann", "bob", "eve")]))
    for following in (shard.under(other), reloaded(shard, other)):
        counts = [following.unevaluated]
        while following.is_stale:
            following.migrate(1)
            counts.append(Head.decode(following.head()).unevaluated)
        assert counts == [3, 2, 1, 0]


def test_the_same_rules_renew_nothing() -> None:
    rules = rulebook(quiet="idle_days >= 3")
    shard = Shard(rules)
    shard.step(Batch.of([seen("ann", 0)]))
    assert not reloaded(shard, rules).is_stale


def test_what_a_late_event_makes_due_in_the_past_is_told_with_it_so_that_no_reload_falls_between() -> None:
    shard = Shard(rulebook(busy="count(any, days=2) >= 1"))
    shard.step(Batch.of([seen("ann", 0)]))
    shard.tick(START + 12 * DAY_MS)
    entered, left = ("ann", "busy", True, 9.0, "event"), ("ann", "busy", False, 11.0, "timer")
    assert brief(shard.step(Batch.of([seen("ann", 9)]))) == [entered, left]
    assert brief(reloaded(shard, shard.catalog.rulebook).tick(START + 13 * DAY_MS)) == []


def test_what_was_silent_by_former_edges_stays_so_after_a_reload() -> None:
    """By the first edges she is not fresh enough within the half day that the rule is about; by the second, which are
    known still after the third have come, she would have been."""
    scores = Scores("rfm", parse_value("idle_days"), parse_value("count(any)"), parse_value("mrr"))
    late = Segment("late", parse_condition("rfm.r >= 5 and idle_days >= 2 and idle_days < 2.5", scores=["rfm"]))
    shard = Shard(Rulebook((late, scores)))
    shard.step(Batch.of([seen("ann", 0)]))
    told = []
    here = -START / DAY_MS  # recency is told as of 1970
    for day, first_edge in ((1, here - 1), (3, here + 1), (4, here + 2)):
        edges = Edges((first_edge, 20.0, 30.0, 40.0), (1.0, 3.0, 4.0, 5.0), (1.0, 2.0, 3.0, 4.0))
        shard.set_edges(Quintiles("rfm", day, START + day * DAY_MS, edges))
        told += shard.tick(START + day * DAY_MS)
    assert [change.segment for change in told] == ["rfm/potential_loyalists"]
    assert reloaded(shard, shard.catalog.rulebook).tick(START + 6 * DAY_MS) == []


def test_another_utc_offset_than_before_is_refused() -> None:
    shard = Shard(rulebook(quiet="idle_days >= 3"), Calendar.fixed(HOUR_MS))
    shard.step(Batch.of([seen("ann", 0)]))
    dirty = shard.take_dirty()
    with pytest.raises(UsageError, match="SEGMENTER_UTC_OFFSET"):
        Shard.restore(rulebook(quiet="idle_days >= 3"), shard.head(), dirty.rows, {})


def test_a_state_that_knows_no_zone_goes_by_its_offset() -> None:
    rules = rulebook(quiet="idle_days >= 3")
    before = msgspec.json.decode(Shard(rules, Calendar.fixed(-8 * HOUR_MS)).head())
    del before["zone"]
    assert Shard.restore(rules, msgspec.json.encode(before), [], {}, Calendar.fixed(-8 * HOUR_MS)).head()
    with pytest.raises(UsageError, match="time zone -08:00"):
        Shard.restore(rules, msgspec.json.encode(before), [], {}, calendar("America/Los_Angeles"))


def test_a_state_that_was_begun_in_a_zone_stays_there() -> None:
    rules, there = rulebook(quiet="idle_days >= 3"), calendar("America/Los_Angeles")
    head = Shard(rules, there).head()
    assert Head.decode(Shard.restore(rules, head, [], {}, there).head()).timezone == "America/Los_Angeles"
    with pytest.raises(UsageError, match="time zone America/Los_Angeles"):
        Shard.restore(rules, head, [], {})


def test_how_somebody_stands_is_told_in_the_order_of_the_rule_whatever_has_just_flipped_for_another() -> None:
    shard = Shard(rulebook(active="tenure_days >= 0 and count(any, days=7) >= 1 and idle_days < 3"))
    shard.step(Batch.of([seen("ann", 0), seen("ann", 1)]))
    before = [standing.because for standing in shard.explain("ann", START + 2 * DAY_MS)]
    shard.step(Batch.of([seen("bob", 2)]))
    assert [standing.because for standing in shard.explain("ann", START + 2 * DAY_MS)] == before
    assert [(reason.was, reason.now) for reason in before[0]] == [(True, True)] * 3


def test_an_explanation_is_as_of_its_instant_and_changes_nothing() -> None:
    shard = Shard(rulebook(quiet="idle_days >= 3 and count(any, days=2) == 0"))
    shard.step(Batch.of([seen("ann", 0)]))
    shard.take_dirty()
    (standing,) = shard.explain("ann", START + 4 * DAY_MS)
    assert [(reason.condition, reason.value, reason.now) for reason in standing.because] == [
        ("idle_days >= 3", 4.0, True),
        ("count(any, days=2) == 0", 0, True),
    ]
    assert (standing.segment, standing.since_ms, standing.ordinal) == (None, None, 0)
    assert shard.dirty_count == 0


PRIVATE = frozenset({"email", "address", "ip"})
SECRET = "ann@acme.com"
SHOWS_SECRETS = (
    'email == "ann@acme.com"',
    'email in ["ann@acme.com"]',
    'has(email, "ann@acme.com")',
    "not missing(email)",
    'address.city == "ann@acme.com"',
    'context.ip == "ann@acme.com"',
    'context.traits.email == "ann@acme.com"',
    'trait("email") != "bob@acme.com"',
    'latest("Ordered", "email") == "ann@acme.com"',
    'latest("Ordered", "address.city") == "ann@acme.com"',
    'has(latest("Ordered", "email"), "ann@acme.com")',
    "days_since(address.since) >= 0",
    'days_since(latest("Ordered", "address.since")) >= 0',
    'sum("Ordered", "address.number", days=7) == 7',
    'avg("Ordered", "address.number", days=7) == 7',
    'min("Ordered", "address.number", days=7) + 0 == 7',
)
SHOWS_NONE = (
    ("plan == 'pro'", "pro"),
    ("company.address == 'Rome'", "Rome"),  # not the user's own
    ('distinct("Ordered", "email", days=7) == 1', 1),
    ('count(event("Ordered", where=properties.email == "ann@acme.com")) == 1', 1),
)


def ordered() -> list[Event]:
    since = "2020-01-01"
    traits: dict[str, Value] = {"plan": "pro", "company.address": "Rome", "address.since": since}
    traits |= dict.fromkeys(("email", "address.city", "context.ip", "context.traits.email"), SECRET)
    bought: dict[str, Value] = {"email": SECRET, "address.city": SECRET, "address.since": since, "address.number": 7}
    return [Event("ann", START, "Ordered", True, None, bought, {}), Event("ann", START, "", False, None, {}, traits)]


@pytest.mark.parametrize("condition", SHOWS_SECRETS)
def test_what_is_private_is_masked_however_a_rule_asks_for_it(condition: str) -> None:
    shard = Shard(rulebook(ours=condition), private_traits=PRIVATE)
    (change,) = shard.step(Batch.of(ordered()))[-1:]
    assert [reason.value for reason in change.because] == ["***"]
    (standing,) = shard.explain("ann", START)
    assert [reason.value for reason in standing.because] == ["***"]
    (open_change,) = Shard(rulebook(ours=condition)).step(Batch.of(ordered()))[-1:]
    assert open_change.because[0].value != "***"


@pytest.mark.parametrize(("condition", "value"), SHOWS_NONE)
def test_what_shows_nothing_private_is_not_masked(condition: str, value: Value) -> None:
    (change,) = Shard(rulebook(ours=condition), private_traits=PRIVATE).step(Batch.of(ordered()))
    assert [reason.value for reason in change.because] == [value]


def test_a_rule_that_includes_a_private_trait_shows_it() -> None:
    asks = Segment(
        "ours", parse_condition('email == "ann@acme.com" and address.city == "ann@acme.com"'), include=("email",)
    )
    (change,) = Shard(Rulebook((asks,)), private_traits=PRIVATE).step(Batch.of(ordered()))
    assert {reason.condition: reason.value for reason in change.because} == {
        'email == "ann@acme.com"': SECRET,
        'address.city == "ann@acme.com"': "***",
    }
    assert change.traits == {"email": SECRET}


def test_a_sum_beyond_nine_trillion_is_missing_and_comes_back() -> None:
    shard = Shard(rulebook(big='missing(sum("Paid", "amount", days=2))'))
    paid = [
        Event("ann", START + day * DAY_MS + i, "Paid", True, None, {"amount": 1e10}, {})
        for day, count in ((0, 901), (5, 1))
        for i in range(count)
    ]
    changes = shard.step(Batch.of(paid))
    assert [(change.entered, change.because[0].value) for change in changes] == [(True, None), (False, 0)]


def test_an_event_between_two_slices_of_a_tick_finds_that_the_time_has_come() -> None:
    rules = rulebook(quiet="idle_days >= 7")
    at_once, sliced = Shard(rules), Shard(rules)
    for shard in (at_once, sliced):
        shard.step(Batch.of([seen("ann", 0), seen("bob", 0)]))
    late = Batch.of([seen("bob", 6)])
    expected = at_once.tick(START + 8 * DAY_MS) + at_once.step(late)
    assert sliced.tick(START + 8 * DAY_MS, limit=1) + sliced.step(late) == expected
    assert brief(expected)[1:] == [("bob", "quiet", True, 7.0, "timer"), ("bob", "quiet", False, 7.0, "event")]


def test_what_an_event_makes_due_between_two_slices_has_its_turn_before_time_has_come() -> None:
    now_ms = START + 8 * DAY_MS
    shard = Shard(rulebook(quiet="idle_days >= 7"))
    shard.step(Batch.of([seen("ann", 0), seen("bob", 0)]))
    changes = shard.tick(now_ms, limit=1) + shard.step(Batch.of([seen("ann", 0.5)])) + shard.tick(now_ms, limit=1)
    assert brief(changes)[-1] == ("bob", "quiet", True, 7.0, "timer")
    assert shard.time_ms < now_ms
    assert brief(shard.tick(now_ms, limit=1)) == [("ann", "quiet", True, 7.5, "timer")]
    assert shard.time_ms == now_ms


@pytest.mark.parametrize("statistic", ["min", "max"])
def test_what_comes_into_a_window_and_goes_within_one_move_was_never_in_it(statistic: str) -> None:
    bygone = parse_value(f'{statistic}("Paid", "amount", days=1, before_days=2)')
    shard = Shard(Rulebook((Scores("rfm", parse_value("mrr"), bygone, parse_value("mrr"), refresh_ms=DAY_MS),)))
    paid = Event("ann", 0, "Paid", False, None, {"amount": 5.0}, {})
    shard.step(Batch.of([paid, Event("ann", DAY_MS, "Other", False, None, {}, {})]))
    seen = [shard.measure("rfm", day * DAY_MS)[1].tolist() for day in (2, 3)]
    assert seen[0] == [5.0]
    assert np.isnan(seen[1]).all()


def test_traits_for_which_there_is_no_room_are_counted() -> None:
    shard = Shard(rulebook(often='count("Signed In", days=7) >= 2'))
    traits: dict[str, Value] = {f"t{number}": number for number in range(MAX_TRAITS + 3)} | {
        "long": "x" * MAX_TRAIT_BYTES
    }
    shard.step(Batch.of([Event("ann", 0, "", False, None, {}, traits)]))
    assert shard.table.traits_refused == 4
