"""What is said of names that were never seen."""

import pytest

from streams.core.language.names import Name, names
from streams.observed.lint import NameLint, Unseen
from streams.observed.names import EVENTS, ObservedNames, Sample


@pytest.fixture
def seen() -> ObservedNames:
    sightings = ObservedNames()
    sightings.count({"Signed In": 41_200, "Order Completed": 900, "Report Viewed": 40, "Export Created": 3})
    for number in range(1_240):
        sightings.note(Sample("Order Completed", ["amount"] if number else ["amount", "coupon"], []))
    for _ in range(310):
        sightings.note(Sample("", [], ["plan", "company.size"]))
    return sightings


def said(expression: str, seen: ObservedNames, where: str = "7 days") -> list[Unseen]:
    judge = NameLint(seen, where)
    return [found for name in names(expression) if (found := judge(name))]


def test_nothing_is_said_of_names_that_were_seen(seen: ObservedNames) -> None:
    assert said('count("Signed In") > sum("Order Completed", "amount", days=7) and plan == "x"', seen) == []


def test_an_event_never_seen_is_told_with_the_nearest_and_how_often_that_was(seen: ObservedNames) -> None:
    assert said('count("Signd In") > 3', seen) == [
        Unseen('never seen "Signd In"; nearest "Signed In", 41,200 in 7 days')
    ]
    assert said('count("signed in") > 3', seen, where="1 day")[0].message.endswith("41,200 in 1 day")


def test_where_none_is_near_the_names_seen_most_are_told(seen: ObservedNames) -> None:
    assert said('count("Xyzzy") > 3', seen) == [
        Unseen('never seen "Xyzzy"', 'seen most: "Signed In", "Order Completed", "Report Viewed"')
    ]


def test_of_a_property_it_is_said_in_how_many_samples_it_was_not(seen: ObservedNames) -> None:
    assert said('sum("Order Completed", "amout", days=7) > 3', seen) == [
        Unseen('never seen "amout" of "Order Completed" in 1,240 samples; nearest "amount", in 1,240 of them')
    ]
    assert said('count(event(any, where=properties.cuopon == "x")) > 3', seen) == [
        Unseen('never seen "cuopon" of any event in 1,240 samples; nearest "coupon", in 1 of them')
    ]


def test_a_property_that_one_of_its_events_had_was_seen(seen: ObservedNames) -> None:
    seen.note(Sample("Report Viewed", ["format"], []))
    assert said('sum(["Report Viewed", "Order Completed"], "amount", days=7) > 3', seen) == []
    assert len(said('sum(["Report Viewed", "Export Created"], "amount", days=7) > 3', seen)) == 1


def test_nothing_is_said_of_properties_of_events_that_were_not_looked_into(seen: ObservedNames) -> None:
    assert said('latest("Export Created", "format") == "pdf"', seen) == []
    assert [unseen_names.message for unseen_names in said('latest("Nobody Knows", "format") == "pdf"', seen)] == [
        'never seen "Nobody Knows"'
    ]


def test_a_trait_never_seen_is_told_with_the_nearest(seen: ObservedNames) -> None:
    assert said("company.sise > 5", seen) == [
        Unseen('never seen trait "company.sise" in 1,550 samples; nearest "company.size", in 310 of them')
    ]


def test_what_follows_from_billing_is_seen_with_the_first_update_of_a_subscription(seen: ObservedNames) -> None:
    rule = 'paying and mrr > sum("MRR Churn", "delta", days=7)'
    because = "it follows from Subscription and Trial updates, and none was read"
    assert said(rule, seen) == [
        Unseen('never seen trait "paying"', because),
        Unseen('never seen trait "mrr"', because),
        Unseen('never seen "MRR Churn"', because),
    ]
    seen.count({"Subscription Started": 1})
    assert said(rule, seen) == []
    assert said("trial_end_at > 1", seen) == [
        Unseen('never seen trait "trial_end_at"; nearest "trial_ends_at", which follows from billing updates')
    ]


def test_where_names_found_no_room_it_is_not_said_that_one_was_never_seen(seen: ObservedNames) -> None:
    seen.count({f"order-{number}": 1 for number in range(EVENTS)})
    assert said('count("order-x") > 3', seen)[0].message.startswith('never or rarely seen "order-x"')


def test_a_long_name_is_held_against_what_records_keep_of_it() -> None:
    sightings = ObservedNames()
    sightings.count({"x" * 300: 1})
    assert NameLint(sightings, "1 day")(Name("event", "x" * 300, 0, 300)) is None


def test_a_name_that_was_seen_cannot_write_on_the_terminal() -> None:
    seen = ObservedNames()
    seen.count({"Signed In\x1b[2J": 3})
    assert [found.message for found in said('count("Signed Im") > 0', seen)] == [
        r'never seen "Signed Im"; nearest "Signed In\x1b[2J", 3 in 7 days'
    ]
