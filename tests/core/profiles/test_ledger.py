"""The ledger of subscriptions: which value stands, what adds up, what moved."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.events import Event, Value
from streams.core.profiles.ledger import LEDGER_EVENTS, Derived, Ledger

Update = tuple[str, int, dict[str, Value]]


def update(name: str, ts: int = 0, **properties: Value) -> Event:
    return Event("u-1", ts, name, False, None, properties, {}, touches_ledger=True)


def folded(*updates: Event) -> Ledger:
    ledger = Ledger()
    for one in updates:
        ledger.fold(one)
    return ledger


def derived(*updates: Event) -> list[Derived]:
    ledger = Ledger()
    return [one for event in updates for one in ledger.fold(event)]


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("Subscription Started", "active"),
        ("Subscription Resumed", "active"),
        ("Subscription Paused", "paused"),
        ("Subscription Cancelled", "canceled"),
        ("Trial Started", "trialing"),
        ("Subscription Updated", None),
        ("Trial Ended", None),
    ],
)
def test_the_name_implies_the_status_that_is_left_out(name: str, status: str | None) -> None:
    assert folded(update(name)).traits["subscription.status"] == status
    assert folded(update(name, status="past_due")).traits["subscription.status"] == "past_due"


@pytest.mark.parametrize("status", ["active", "past_due"])
def test_a_subscription_counts_while_active_or_past_due(status: str) -> None:
    assert folded(update("Subscription Updated", mrr=20, status=status)).traits["mrr"] == 20.0


@pytest.mark.parametrize("status", [None, "trialing", "paused", "canceled", "unpaid", "Active", 5, ["active"]])
def test_a_subscription_of_any_other_status_does_not_count(status: Value) -> None:
    ledger = folded(update("Subscription Updated", mrr=20, status=status))
    assert ledger.traits["mrr"] == 0.0
    assert ledger.traits["paying"] is False


def test_several_subscriptions_add_up_and_the_largest_gives_the_plan() -> None:
    ledger = folded(
        update("Subscription Started", 1, subscription_id="a", mrr=20, plan="pro", trial_end="2026-01-01"),
        update("Subscription Started", 2, subscription_id="b", mrr=5, plan="addon", status="past_due"),
        update("Subscription Cancelled", 3, subscription_id="c", mrr=100, plan="old"),
    )
    assert ledger.traits == {
        "mrr": 25.0,
        "paying": True,
        "plan": "pro",
        "subscription.status": "active",
        "trial_ends_at": "2026-01-01",
        "mrr_incomplete": False,
        "subscription.cancels": False,
        **{f"subscription.{name}": None for name in ("renews_at", "interval", "seats", "started_at")},
        **{f"subscription.{name}": None for name in ("cancel_at", "reason")},
    }


def test_of_equally_large_subscriptions_the_greater_id_gives_the_plan() -> None:
    started = [update("Subscription Started", subscription_id=key, mrr=20, plan=key) for key in ("b", "é", "a")]
    assert folded(*started).traits["plan"] == "é"


def test_with_none_counted_the_newest_update_gives_the_plan_and_on_a_tie_the_greater_id() -> None:
    gone = [
        update("Subscription Cancelled", ts, subscription_id=key, plan=key, mrr=mrr)
        for key, ts, mrr in [("a", 3, 1), ("b", 3, 1), ("c", 2, 50)]
    ]
    assert folded(*gone).traits["plan"] == "b"
    assert folded(*gone, update("Subscription Updated", 4, subscription_id="c")).traits["plan"] == "c"
    assert folded(*gone, update("Subscription Updated", 1, subscription_id="c")).traits["plan"] == "b"


def test_an_update_without_an_id_is_about_the_subscription_default() -> None:
    ledger = folded(
        update("Subscription Started", 1, mrr=20), update("Subscription Cancelled", 2, subscription_id=None)
    )
    assert list(ledger.subscriptions) == ["default"]
    assert ledger.traits["mrr"] == 0.0


def test_a_property_that_is_left_out_keeps_its_value_and_one_that_is_none_is_gone() -> None:
    ledger = folded(update("Subscription Started", 1, mrr=20, plan="pro"), update("Subscription Updated", 2, plan=None))
    assert [ledger.traits["mrr"], ledger.traits["plan"]] == [20.0, None]


def test_what_is_gone_is_not_brought_back_by_an_older_update() -> None:
    ledger = folded(
        update("Subscription Updated", 3, cancel_at=None, cancel_at_period_end=None),
        update("Subscription Updated", 2, cancel_at="2026-04-01", cancel_at_period_end=True),
    )
    assert [ledger.traits["subscription.cancels"], ledger.traits["subscription.cancel_at"]] == [False, None]


@pytest.mark.parametrize("said", [{"cancel_at": "2026-04-01"}, {"cancel_at_period_end": True}])
def test_a_subscription_cancels_where_either_field_says_so(said: dict[str, Value]) -> None:
    assert folded(update("Subscription Updated", 1, **said)).traits["subscription.cancels"] is True
    assert folded(update("Subscription Updated", 1)).traits["subscription.cancels"] is False


def test_mrr_is_incomplete_while_a_subscription_that_counts_is() -> None:
    started = update("Subscription Started", 1, subscription_id="a", mrr=20, mrr_incomplete=True)
    assert folded(started).traits["mrr_incomplete"] is True
    ended = update("Subscription Cancelled", 2, subscription_id="a")
    assert folded(started, ended).traits["mrr_incomplete"] is False


def test_of_the_subscription_in_force_all_that_is_known_is_shown() -> None:
    told: dict[str, Value] = {
        "renews_at": "2027-03-01",
        "interval": "year",
        "seats": 5,
        "started_at": "2026-03-01",
        "reason": "price",
    }
    ledger = folded(
        update("Subscription Started", 1, subscription_id="a", mrr=20, **told),
        update("Subscription Started", 2, subscription_id="b", mrr=10, interval="month"),
    )
    assert {name: ledger.traits[f"subscription.{name}"] for name in told} == told


def test_the_newest_event_time_wins_per_property_and_the_later_arrival_on_a_tie() -> None:
    ledger = folded(
        update("Subscription Started", 5, mrr=20, plan="pro"),
        update("Subscription Cancelled", 4, mrr=10),
        update("Subscription Updated", 5, plan="team"),
    )
    assert [ledger.traits[name] for name in ("mrr", "plan", "subscription.status")] == [20.0, "team", "active"]


def test_mrr_moves_are_events_at_the_updates_with_their_difference() -> None:
    assert derived(
        update("Trial Started", mrr=20),
        update("Subscription Started", 1),
        update("Subscription Updated", 2, mrr=50),
        update("Subscription Updated", 3, plan="team"),
        update("Subscription Updated", 4, mrr=30),
        update("Subscription Started", 5, subscription_id="b", mrr=1),
        update("Subscription Cancelled", 6, subscription_id="b"),
        update("Subscription Paused", 7),
        update("Subscription Cancelled", 8),
        update("Subscription Resumed", 9),
    ) == [
        Derived("MRR New", 20.0),
        Derived("MRR Expansion", 30.0),
        Derived("MRR Contraction", -20.0),
        Derived("MRR Expansion", 1.0),
        Derived("MRR Contraction", -1.0),
        Derived("MRR Churn", -30.0),
        Derived("MRR Reactivation", 30.0),
    ]


def test_a_late_update_that_changes_nothing_moves_no_mrr() -> None:
    assert derived(update("Subscription Started", 5, mrr=20), update("Subscription Cancelled", 4)) == [
        Derived("MRR New", 20.0)
    ]


@pytest.mark.parametrize("mrr", ["20", True, [20], 1e300, -1e11, 10**400])
def test_mrr_that_is_no_number_of_a_sane_size_counts_as_nothing(mrr: Value) -> None:
    assert folded(update("Subscription Started", mrr=mrr)).traits["mrr"] == 0.0


def test_ten_times_ten_cents_are_one() -> None:
    tenths = [update("Subscription Started", subscription_id=str(i), mrr=0.1) for i in range(10)]
    assert folded(*tenths).traits["mrr"] == 1.0


properties = st.fixed_dictionaries(
    {},
    optional={
        "subscription_id": st.sampled_from(("a", "b", None)),
        "status": st.sampled_from(("active", "past_due", "trialing", "canceled", None)),
        "plan": st.sampled_from(("free", "pro", None)),
        "mrr": st.sampled_from((0, 20, 49.99, 0.1, 1e-7, -5, None)),
    },
)
updates = st.lists(st.tuples(st.sampled_from(list(LEDGER_EVENTS)), st.integers(0, 5), properties), max_size=10)


def naive_millionths(history: list[Update]) -> int:
    """As docs/semantics.md#the-ledger says: of each property the last of the newest, then the sum over what counts."""
    said: dict[str, dict[str, tuple[int, Value]]] = {}
    for name, ts, stated in sorted(history, key=lambda one: one[1]):
        subscription = said.setdefault(str(stated.get("subscription_id") or "default"), {})
        implied: dict[str, Value] = (
            {} if "status" in stated or not LEDGER_EVENTS[name] else {"status": LEDGER_EVENTS[name]}
        )
        for key, value in (stated | implied).items():
            subscription[key] = (ts, value)
    counted = [one for one in said.values() if one.get("status", (0, ""))[1] in ("active", "past_due")]
    return sum(
        round(Fraction(str(one["mrr"][1])) * 1_000_000) for one in counted if one.get("mrr", (0, None))[1] is not None
    )


@given(updates)
def test_the_total_is_that_of_a_naive_recomputation(history: list[Update]) -> None:
    ledger = folded(*(update(name, ts, **stated) for name, ts, stated in history))
    assert ledger.mrr_millionths == naive_millionths(history)


@given(updates)
def test_the_moves_add_up_to_the_total(history: list[Update]) -> None:
    events = [update(name, ts, **stated) for name, ts, stated in history]
    moved = sum(round(one.delta * 1_000_000) for one in derived(*events))
    assert moved == max(0, folded(*events).mrr_millionths), "what is below 0 is not paid"


@given(updates, st.data())
def test_the_ledger_does_not_depend_on_the_order_of_arrival(history: list[Update], data: st.DataObject) -> None:
    events = [update(name, ts, **stated) for ts, (name, _, stated) in enumerate(history)]
    assert folded(*events).subscriptions == folded(*data.draw(st.permutations(events))).subscriptions


def handed_over(ts: int, order: int = 2, which: str = "s1") -> Event:
    return Event("u-1", ts, "", False, None, {"subscription_id": which}, {}, touches_ledger=True, order=order)


def bought(ts: int, order: int = 2, which: str = "s1", mrr: float = 20.0) -> Event:
    said: dict[str, Value] = {"subscription_id": which, "status": "active", "mrr": mrr, "plan": which}
    return Event("u-1", ts, "Subscription Updated", False, None, said, {}, touches_ledger=True, order=order)


def test_a_subscription_that_is_anothers_by_now_counts_no_longer_and_is_not_in_force() -> None:
    ledger = folded(bought(1, which="s1"), bought(1, which="s2", mrr=30.0))
    assert ledger.fold(handed_over(2, which="s2")) == (Derived("MRR Contraction", -30.0),)
    assert (ledger.traits["mrr"], ledger.traits["plan"]) == (20.0, "s1")
    assert ledger.fold(handed_over(3, which="s1")) == (Derived("MRR Churn", -20.0),)
    assert (ledger.traits["paying"], ledger.traits["plan"], ledger.traits["subscription.status"]) == (False, None, None)


@pytest.mark.parametrize(
    ("updates", "mrr"),
    [
        ([bought(1), handed_over(2)], 0.0),
        ([bought(1), handed_over(2), bought(3)], 20.0),
        # late
        ([bought(1), bought(3), handed_over(2)], 20.0),
        ([bought(1), handed_over(3), bought(2)], 0.0),
        ([bought(0), handed_over(3), handed_over(1), bought(2)], 0.0),
        # of one second: by Stripe's order, then by arrival
        ([bought(1, 0), handed_over(1, 2)], 0.0),
        ([bought(0), handed_over(1, 2), bought(1, 0)], 0.0),
        ([bought(1, 2), handed_over(1, 2)], 0.0),
        ([bought(0), handed_over(1, 2), bought(1, 2)], 20.0),
        ([bought(1, 3), handed_over(1, 2)], 20.0),
    ],
)
def test_the_newest_word_on_whose_a_subscription_is_stands(updates: list[Event], mrr: float) -> None:
    assert folded(*updates).traits["mrr"] == mrr
