"""What is seen of the simulated company."""

from streams.core.instants import DAY_MS
from tests.demo.states import BEFORE, BEGAN_MS, LIFE, PRESENT_MS, company, moved, told


def test_history_counts_as_members_but_is_no_news() -> None:
    seen = company()
    assert seen.saw([told("ann", BEFORE), told("bob", BEFORE)]) == []
    assert seen.size("churn-risk") == 2
    assert not seen.entered


def test_what_happens_now_is_news() -> None:
    seen = company()
    changes = [told("ann"), told("ann", kind="segment.exited")]
    assert seen.saw(changes) == changes
    assert (seen.size("churn-risk"), seen.entered["churn-risk"], seen.exited["churn-risk"]) == (0, 1, 1)
    assert list(seen.newest) == changes


def test_a_repeat_of_a_change_is_seen_once() -> None:
    seen = company()
    assert len(seen.saw([told("ann"), told("ann")])) == 1
    assert seen.entered["churn-risk"] == 1


def test_a_change_of_level_takes_a_user_from_one_to_the_other() -> None:
    seen = company(tiers=LIFE)
    first, later = moved("ann", "life/new"), moved("ann", "life/power", previous="life/new")
    assert len(seen.saw([first, later, later])) == 2
    assert (seen.size("life/new"), seen.size("life/power")) == (0, 1)
    assert (seen.exited["life/new"], seen.entered["life/power"]) == (1, 1)
    assert [*seen.tiers()] == ["life: new 0   power 1"]


def test_a_change_by_a_rule_that_is_not_shown_is_counted_and_no_news() -> None:
    seen = company(others=3)
    assert seen.saw([told("ann", segment="detractor"), told("ann", BEFORE, segment="passive")]) == []
    assert not seen.newest
    assert seen.others() == "and 3 more rules, with 1 change"


def test_time_has_come_as_far_as_the_worker_has_applied_what_went_in() -> None:
    seen = company(now_ms=BEGAN_MS)
    seen.sent(["ann", "bob"], BEGAN_MS + DAY_MS)
    seen.sent(["ann"], BEGAN_MS + 3 * DAY_MS)
    assert (seen.now_ms, seen.published, len(seen.users)) == (BEGAN_MS, 3, 2)
    seen.worker_applied(2)
    assert (seen.now_ms, seen.behind) == (BEGAN_MS + DAY_MS, 1)
    seen.worker_applied(3)
    assert (seen.now_ms, seen.behind) == (BEGAN_MS + 3 * DAY_MS, 0)


def test_the_present_begins_when_all_that_was_before_it_has_been_applied() -> None:
    seen = company(now_ms=BEGAN_MS)
    assert [(each.name, each.text) for each in seen.activities()] == [("history", "the worker starts, a few seconds")]
    seen.sent(["ann"], BEGAN_MS + 4 * DAY_MS)
    seen.worker_applied(1)
    assert [each.text for each in seen.activities()] == ["day 4 of the 10 before today"]
    seen.sent([], PRESENT_MS)
    assert seen.is_history
    seen.worker_applied(1)
    assert not seen.is_history
    assert seen.activities() == []


def test_it_tells_how_much_of_the_engine_is_compiled_while_it_is() -> None:
    seen = company()
    seen.compiled = 31, 128
    assert [each.text for each in seen.activities()] == ["31 of 128 functions compiled, the first time only"]
    seen.compiled = 128, 128
    assert seen.activities() == []


def test_whoever_is_suggested_to_look_at_is_in_the_segment_and_stays_while_they_are() -> None:
    seen = company(tiers=LIFE)
    assert seen.example() is None
    seen.saw([moved("cid", "life/new")])
    assert seen.example() == ("cid", "life/new")
    seen.saw([told("ann"), told("bob"), moved("cid", "life/power", previous="life/new")])
    assert seen.example() == ("bob", "churn-risk")
    seen.saw([told("dan")])
    assert seen.example() == ("bob", "churn-risk")
    seen.saw([told("bob", kind="segment.exited")])
    assert seen.example() == ("dan", "churn-risk")
