"""What is decided about messages, against the judge; and what no history may change."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.changes import Change
from streams.core.instants import HOUR_MS
from streams.delivery.decider import MOST_STANDING, Decider
from streams.delivery.decision import Decision, message_id
from streams.delivery.message import Content, Messages, Shared
from streams.delivery.quiet import Quiet
from streams.delivery.recipient import Recipient
from streams.delivery.rehearsal import Passed, Rehearsal
from streams.delivery.templates import template
from tests.delivery.histories import HOURS, cap, change, changes, content, message, messages
from tests.delivery.oracle import judge

History = list[tuple[Change, bool]]


def rehearse(book: Messages, history: History, until: int = HOURS) -> list[Decision]:
    return [each.decision for each in Rehearsal(book).run(history, until * HOUR_MS)]


def said(decisions: list[Decision]) -> list[tuple[int, str, str]]:
    return [(each.at // HOUR_MS, each.message or "", each.decision) for each in decisions]


@given(messages(), changes())
def test_the_decider_and_the_judge_agree(book: Messages, history: History) -> None:
    assert said(rehearse(book, history)) == judge(book, history, HOURS)


@given(messages(), changes(), st.data())
def test_changes_that_come_again_as_after_a_crash_decide_nothing_more(
    book: Messages, history: History, data: st.DataObject
) -> None:
    again = data.draw(st.integers(0, len(history)))
    recipient = Recipient()
    decider = Decider(book, "ann", recipient)
    for each, is_live in history[:again]:
        list(decider.change(each, is_live, each.occurred_at))
    before = recipient.encode()
    for each, is_live in history[:again]:
        assert not list(decider.change(each, is_live, each.occurred_at + 1))
    assert recipient.encode() == before


@given(messages(), changes())
def test_what_is_kept_of_a_user_can_be_stored_between_any_two_steps(book: Messages, history: History) -> None:
    kept = Recipient()
    straight, stored = [], []
    raw = Recipient().encode()
    for each, is_live in history:
        straight += list(Decider(book, "ann", kept).change(each, is_live, each.occurred_at))
        again = Recipient.decode(raw)
        stored += list(Decider(book, "ann", again).change(each, is_live, each.occurred_at))
        raw = again.encode()
    assert straight == stored
    assert kept.encode() == raw


@given(messages(), changes())
def test_no_message_is_sent_twice_because_of_one_change(book: Messages, history: History) -> None:
    sent = [each.id for each in rehearse(book, history) if each.decision == "sent"]
    assert len(sent) == len(set(sent))


@given(messages(), changes())
def test_what_stands_in_the_feed_is_what_was_sent_and_has_not_gone(book: Messages, history: History) -> None:
    recipient = Recipient()
    decider = Decider(book, "ann", recipient)
    standing: set[str] = set()
    for each, is_live in history:
        for decision in [
            *decider.come(each.occurred_at, each.occurred_at),
            *decider.change(each, is_live, each.occurred_at),
        ]:
            if decision.decision == "sent":
                standing.add(decision.id)
            elif decision.decision in ("withdrawn", "expired"):
                standing.discard(decision.id)
        assert {each.id for each in recipient.standing} == standing


# ---------------------------------------------------------------------------------------------- one by one


def test_a_message_that_is_sent_says_who_and_why() -> None:
    book = Messages((message(content=content("Hi {{ user_id }}, {{ segment }}, {{ traits.plan }}")),))
    entered = change(plan="pro")
    [decision] = rehearse(book, [(entered, True)], until=0)
    assert (decision.id, decision.decision) == (message_id(entered.id, "m", "ann"), "sent")
    assert decision.reason == "enters a at 1970-01-01T00:00:00.000Z"
    assert decision.content is not None
    assert decision.content.title == "Hi ann, a, pro"


def test_quiet_hours_are_those_of_where_the_user_lives() -> None:
    night = Quiet(21 * 60, 8 * 60)
    book = Messages((message(kind="banner", quiet=night),))
    at_noon = [(change(hour=12, timezone="Asia/Tokyo"), True)]  # 21:00 there
    assert said(rehearse(book, at_noon)) == [(12, "m", "held"), (23, "m", "sent")]
    assert said(rehearse(book, [(change(hour=12, timezone="No/Where"), True)])) == [(12, "m", "sent")]
    assert said(rehearse(Messages((message(quiet=night),)), at_noon)) == [(12, "m", "sent")]


def test_a_message_waits_for_its_delay_or_for_a_change_that_is_ahead_of_our_clock_and_says_which() -> None:
    for delay_ms, why in ((0, "the time of its change, which is ahead of our clock"), (HOUR_MS, "its delay")):
        decider = Decider(Messages((message(delay_ms=delay_ms),)), "ann", Recipient())
        [held] = decider.change(change(hour=1), True, HOUR_MS - 1)
        until = "02" if delay_ms else "01"
        assert (held.decision, held.reason) == ("held", f"until 1970-01-01T{until}:00:00.000Z: {why}")


def test_what_is_due_late_is_decided_as_of_now_and_not_as_of_when_it_was_due() -> None:
    book = Messages((message(delay_ms=HOUR_MS, expires_ms=10 * HOUR_MS),))
    recipient = Recipient()
    decider = Decider(book, "ann", recipient)
    list(decider.change(change(), True, 0))
    assert recipient.next_due == HOUR_MS
    [decision] = decider.come(2 * HOUR_MS, 11 * HOUR_MS)
    assert decision.decision == "expired"


def test_the_greater_priority_goes_first_where_a_cap_lets_one_through() -> None:
    book = Messages(
        (message("low", delay_ms=HOUR_MS), message("high", delay_ms=HOUR_MS, priority=9)), Shared(all=cap(1, 24))
    )
    assert said(rehearse(book, [(change(), True)], 2))[2:] == [(1, "high", "sent"), (1, "low", "capped")]


def test_a_cap_says_until_when_it_is_reached() -> None:
    book = Messages((message(cap=cap(1, 24)),))
    history = [(change(), True), (change(kind="exited", ordinal=2), True), (change(hour=2, ordinal=3), True)]
    *_, capped = rehearse(book, history, 3)
    assert capped.reason == "the cap of m, 1 in 24h, is reached until 1970-01-02T00:00:00.000Z"


def test_a_text_that_cannot_be_made_is_told_and_counts_for_no_cap() -> None:
    book = Messages((message(content=content("Hi {{ first_name }}"), cap=cap(1, 24)),))
    history = [(change(), True), (change(hour=1, ordinal=2, first_name="Ann"), True)]
    failed, sent = rehearse(book, history, 2)
    assert (failed.decision, failed.content) == ("failed", None)
    assert failed.reason == "title: `first_name` is missing: `| default('..')` says what to write then"
    assert sent.decision == "sent"


def test_what_waits_for_a_message_that_is_gone_is_withdrawn() -> None:
    recipient = Recipient()
    list(Decider(Messages((message(delay_ms=HOUR_MS),)), "ann", recipient).change(change(), True, 0))
    [decision] = Decider(Messages(), "ann", recipient).come(HOUR_MS, HOUR_MS)
    assert decision.decision == "withdrawn"


def test_a_full_feed_lets_the_oldest_go() -> None:
    book = Messages((message(),))
    history = [(change(hour=hour, ordinal=hour + 1), True) for hour in range(MOST_STANDING + 1)]
    decisions = rehearse(book, history, MOST_STANDING)
    assert [each.decision for each in decisions[-2:]] == ["expired", "sent"]
    assert decisions[-2].id == decisions[0].id


def test_old_news_what_is_off_and_what_only_refuses_is_told_to_whoever_asks() -> None:
    passed: list[Passed] = []
    book = Messages(
        (
            message("off", is_live=False),
            message("only", only=lambda traits: traits.get("plan") == "pro", only_text="plan == 'pro'"),
        )
    )
    rehearsal = Rehearsal(book, passed=passed.append)
    assert not list(rehearsal.run([(change(), True), (change(ordinal=2), False)]))
    assert [(each.message, each.reason) for each in passed] == [
        ("off", "the message is off"),
        ("only", "`only` does not hold: plan == 'pro'"),
        ("off", "the change was old news when it was noticed (live is false)"),
        ("only", "the change was old news when it was noticed (live is false)"),
    ]


def test_a_variant_is_the_same_each_time_and_each_has_its_share() -> None:
    texts = {name: Content(template(name, None, 200)) for name in ("a", "b")}
    book = Messages((message(content=texts),))
    variants = []
    for number in range(400):
        [decision] = rehearse(book, [(change(user=f"u-{number}"), True)], 0)
        assert decision.content is not None
        assert decision.content.title == decision.variant
        variants.append(decision.variant)
    assert 150 < variants.count("a") < 250


def test_a_holdout_holds_out_its_share_and_whoever_it_holds_out_it_does_so_at_any_greater_share() -> None:
    def held_out(holdout: float, salt: str = "s") -> set[str]:
        book = Messages((message(holdout=holdout),), Shared(salt=salt))
        users = [f"u-{number}" for number in range(1_000)]
        return {user for user in users if rehearse(book, [(change(user=user), True)], 0)[0].decision == "held_out"}

    tenth = held_out(0.1)
    assert 60 < len(tenth) < 140
    assert tenth < held_out(0.3)
    assert tenth != held_out(0.1, salt="t")


@pytest.mark.parametrize("is_live", [True, False])
def test_any_exit_withdraws_live_or_not(is_live: bool) -> None:
    book = Messages((message("waits", delay_ms=5 * HOUR_MS), message("stands", withdraw=True), message("stays")))
    history = [(change(), True), (change(kind="exited", hour=1, ordinal=2), is_live)]
    assert sorted(said(rehearse(book, history, 9))[3:]) == [(1, "stands", "withdrawn"), (1, "waits", "withdrawn")]


def test_a_message_goes_to_whoever_is_in_already_once_and_its_time_counts_from_now() -> None:
    book = Messages((message(expires_ms=2 * HOUR_MS),))
    recipient = Recipient()
    decider = Decider(book, "ann", recipient)
    entered = change()
    [sent] = decider.send(book.messages[0], entered, 50 * HOUR_MS)
    assert sent.decision == "sent"
    assert recipient.next_due == 52 * HOUR_MS
    assert not list(decider.send(replace(book.messages[0]), entered, 51 * HOUR_MS))
