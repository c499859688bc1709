"""What is kept under an alias, whose it is, and what is passed on."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.core.identities import aliases as module
from streams.core.identities import waiting
from streams.core.identities.aliases import Aliases
from streams.core.identities.kept import keep
from streams.core.identities.waiting import AT_ONCE, Waiting
from streams.core.links import How, Lost, PassedOn
from tests.core.identities.made import DAY, KEEP, at, state, times, under


def fed(*days: int, alias: str = "anon") -> Aliases:
    found = Aliases(KEEP)
    for number, day in enumerate(days):
        assert found.keep(under(alias, day * DAY), at(number)) == []
    return found


def stored(found: Aliases) -> Aliases:
    """The same after it was written and loaded again."""
    writes = found.take()
    return Aliases(KEEP, dict(writes.records), dict(writes.standings))


def test_records_wait_until_somebody_is_linked_and_go_to_them_in_order() -> None:
    given = fed(3, 1, 2).link("anon", "ann", 4 * DAY, How.ANONYMOUS)
    assert [(event.subject, event.ts) for event in given] == [("ann", 3 * DAY), ("ann", DAY), ("ann", 2 * DAY)]
    assert [event.identity for event in given] == [PassedOn("anon", 1, at(number), (), 4 * DAY) for number in range(3)]


def test_what_comes_after_the_link_is_passed_on_at_once() -> None:
    found = fed()
    found.link("anon", "ann", 0, How.ANONYMOUS)
    [event] = found.keep(under("anon", DAY), at(9))
    assert (event.subject, event.identity) == ("ann", PassedOn("anon", 1, at(9), (), 0))
    assert len(found) == 0


def test_a_link_that_is_told_again_gives_nothing_again() -> None:
    found = fed(1)
    assert len(found.link("anon", "ann", DAY, How.ANONYMOUS)) == 1
    assert found.link("anon", "ann", DAY, How.ANONYMOUS) == found.link("anon", "ann", 2 * DAY, How.ANONYMOUS) == []


def test_an_alias_has_two_hundred_records_and_the_oldest_go() -> None:
    found = fed(*range(205))
    assert times([one.event for one in found.records("anon")]) == [day * DAY for day in range(5, 205)]
    assert found.dropped == {module.TOO_MANY: 5}
    assert found.standing("anon").dropped == {module.TOO_MANY: 5}


def test_records_that_are_older_than_is_kept_go_at_the_link() -> None:
    found = fed(0, 9, 10, 99)
    assert times(found.link("anon", "ann", 100 * DAY, How.ANONYMOUS)) == [10 * DAY, 99 * DAY]
    assert found.dropped == {module.TOO_OLD: 2}


def test_the_newest_state_of_each_subscription_stays_however_old_and_however_many_follow() -> None:
    found = Aliases(KEEP)
    for number, day in enumerate((3, 1, 2)):
        found.keep(state("cus_1", day * DAY), at(number))
    found.keep(state("cus_1", DAY, "sub_2"), at(3))
    for number in range(250):
        found.keep(under("cus_1", 300 * DAY + number), at(4 + number))
    given = found.link("cus_1", "ann", 400 * DAY, How.CUSTOMER)
    assert [(event.ts // DAY, event.properties["subscription_id"]) for event in given] == [(3, "sub_1"), (1, "sub_2")]


def test_of_equal_times_the_greater_order_is_the_newest_state_and_then_the_later_arrival() -> None:
    found = Aliases(KEEP)
    for number, (order, plan) in enumerate(((2, "a"), (3, "b"), (2, "c"))):
        found.keep(state("cus_1", DAY, order=order, plan=plan), at(number))
    found.keep(state("cus_1", DAY, "sub_2", plan="d"), at(3))
    found.keep(state("cus_1", DAY, "sub_2", plan="e"), at(4))
    given = found.link("cus_1", "ann", 400 * DAY, How.CUSTOMER)
    assert [event.properties["plan"] for event in given] == ["b", "e"]


def test_a_record_that_is_too_large_is_dropped_and_counted() -> None:
    found = Aliases(KEEP)
    found.keep(under("anon", 0, text="x" * 4_096), at(0))
    assert len(found) == 0
    assert found.dropped == {module.TOO_LARGE: 1}


def test_a_record_that_is_too_large_by_what_no_rule_reads_of_its_context_is_kept_without_that() -> None:
    found = Aliases(KEEP)
    for number, size in enumerate((2_000, 3_000)):
        visit = under("anon", DAY * number, text="x" * size)
        found.keep(replace(visit, unread_context={"campaign.source": "y" * 1_500}), at(number))
    assert [one.event.unread_context is not None for one in found.records("anon")] == [True, False]
    assert found.dropped == {}


def test_where_nothing_is_to_be_kept_but_states_of_subscriptions_all_else_is_passed_over() -> None:
    found = Aliases(0)
    found.keep(under("anon", 0), at(0))
    found.keep(state("cus_1", 0), at(1))
    assert found.dropped == {module.NOT_KEPT: 1}
    assert len(found.link("cus_1", "ann", DAY, How.CUSTOMER)) == 1


def test_an_anonymous_id_of_two_users_is_a_shared_device_from_then_on() -> None:
    found = fed(1)
    assert len(found.link("anon", "ann", DAY, How.ANONYMOUS)) == 1
    assert found.link("anon", "bob", 2 * DAY, How.ANONYMOUS) == []
    assert found.keep(under("anon", 3 * DAY), at(5)) == []
    assert (found.user_of("anon"), found.dropped) == ("ann", {module.SHARED: 1})


def test_a_customer_who_is_linked_anew_is_the_new_users_with_the_subscriptions() -> None:
    found = Aliases(KEEP)
    found.keep(state("cus_1", DAY), at(0))
    found.link("cus_1", "ann", DAY, How.CUSTOMER)
    found.keep(state("cus_1", 2 * DAY, mrr=20.0), at(1))
    lost, given = found.link("cus_1", "bob", 3 * DAY, How.CUSTOMER)
    assert (lost.subject, lost.identity) == ("ann", Lost("cus_1", 1))
    assert (given.subject, given.properties["mrr"], given.message_id) == ("bob", 20.0, None)
    assert given.identity == PassedOn("cus_1", 2, at(1), (), 3 * DAY)


def test_an_older_link_of_a_customer_changes_nothing_nor_does_one_that_is_told_again() -> None:
    found = Aliases(KEEP)
    found.link("cus_1", "ann", 2 * DAY, How.CUSTOMER)
    assert found.link("cus_1", "bob", DAY, How.CUSTOMER) == []
    found.link("cus_1", "bob", 2 * DAY, How.CUSTOMER)
    assert found.user_of("cus_1") == "bob"
    assert found.link("cus_1", "ann", 2 * DAY, How.CUSTOMER) == []
    assert found.user_of("cus_1") == "bob"


def test_the_alias_that_was_quiet_for_longest_goes_where_there_is_no_room() -> None:
    found = Aliases(KEEP, most_bytes=2_000)
    for number, alias in enumerate(("a", "b", "a", "c", "d", "e")):
        found.keep(under(alias, number), at(number))
    assert [alias for alias in "abcde" if found.records(alias)] == ["c", "d", "e"]
    assert found.dropped == {module.NO_ROOM: 3}


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.booleans()), max_size=60))
def test_however_they_come_and_go_it_is_the_one_that_was_quiet_for_longest(steps: list[tuple[str, bool]]) -> None:
    found, quiet, room = Waiting(0), list[str](), 3
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(waiting, "AT_ONCE", 2)
        for alias, comes in steps:
            if comes:
                found.add(alias, keep(found.next_number, at(0), under(alias, 0)))
            else:
                found.keep_only(alias, ())
            quiet = [each for each in quiet if each != alias] + [alias] * comes
            if len(quiet) > room:
                assert found.too_much == quiet.pop(0)
                found.keep_only(found.too_much, ())
            assert {each for each in "abcdefgh" if each in found} == set(quiet)


def test_to_make_room_again_and_again_looks_through_all_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dict is looked through from its beginning, with all that went."""
    looked = list[int]()

    class Watched(dict[str, tuple[bytes, ...]]):
        def __iter__(self) -> Iterator[str]:
            looked.append(len(self))
            return super().__iter__()

    found = Aliases(KEEP, most_bytes=100_000)
    found._waiting._of = Watched()
    for number in range(2_000):
        found.keep(under(f"robot-{number}", number), at(number))
    assert found.dropped[module.NO_ROOM] > 1_500
    assert len(looked) < 20


def test_what_a_robot_leaves_behind_is_no_more_than_there_is_room_for() -> None:
    found = Aliases(KEEP, most_bytes=100_000)
    for number in range(2_000):
        found.keep(under(f"robot-{number}", number, text="x" * (5_000 if number % 2 else 0)), at(number))
    writes = found.take()
    assert len(found) < 250
    assert len(writes.records) < 250
    assert not writes.standings


def test_forgetting_a_user_takes_her_aliases_and_what_is_kept_and_nobody_elses() -> None:
    found = fed(1)
    found.link("anon", "ann", DAY, How.ANONYMOUS)
    found.forget("anon", "bob", 9 * DAY)
    found.forget("anon", "ann", DAY - 1)
    assert found.user_of("anon") == "ann"
    found.forget("anon", "ann", DAY)
    assert found.user_of("anon") is None
    assert found.take().forgotten == ["anon"]


def test_what_waits_and_is_of_after_the_erasure_stays() -> None:
    found = fed(1, 3)
    found.forget("anon", "ann", 2 * DAY)
    assert times([one.event for one in found.records("anon")]) == [3 * DAY]


def test_a_device_is_the_next_users_once_its_first_is_forgotten() -> None:
    found = fed()
    for day, user in enumerate(("ann", "bob", "cy")):
        found.link("anon", user, day * DAY, How.ANONYMOUS)
    found.forget("anon", "ann", 9 * DAY)
    assert (found.user_of("anon"), found.standing("anon").is_shared) == ("bob", True)
    found.forget("anon", "cy", 9 * DAY)
    found.forget("anon", "bob", 9 * DAY)
    assert found.user_of("anon") is None


def test_a_customer_of_whom_others_know_is_nobodys_and_not_begun_anew() -> None:
    found = Aliases(KEEP)
    for day, user in enumerate(("ann", "bob")):
        found.link("cus_1", user, day * DAY, How.CUSTOMER)
    found.forget("cus_1", "bob", 9 * DAY)
    assert found.user_of("cus_1") is None
    found.keep(state("cus_1", 10 * DAY), at(5))
    [given] = found.link("cus_1", "ann", 11 * DAY, How.CUSTOMER)
    assert given.identity == PassedOn("cus_1", 4, at(5), (), 11 * DAY)


@pytest.mark.parametrize(("gone", "into"), [("ann", "bob"), ("bob", "ann")])
def test_a_device_of_two_who_are_one_is_no_shared_one(gone: str, into: str) -> None:
    found = fed()
    found.link("anon", "ann", DAY, How.ANONYMOUS)
    found.link("anon", "bob", 2 * DAY, How.ANONYMOUS)
    found.rename("anon", gone, into)
    assert (len(found.keep(under("anon", 3 * DAY), at(5))), found.user_of("anon")) == (1, into)
    found.link("anon", "cy", 4 * DAY, How.ANONYMOUS)
    found.rename("anon", "dora", into)
    assert found.keep(under("anon", 5 * DAY), at(6)) == []


def test_what_comes_under_an_alias_of_who_is_another_now_goes_by_way_of_her_for_ever() -> None:
    """A record that comes by one way alone is known if it comes again."""
    found = fed()
    found.link("anon", "ann", DAY, How.ANONYMOUS)
    found.rename("anon", "ann", "bob")
    found.rename("anon", "bob", "cy")
    assert found.link("anon", "cy", 2 * DAY, How.ANONYMOUS) == []
    [event] = found.keep(under("anon", 3 * DAY), at(5))
    assert event.identity == PassedOn("anon", 1, at(5), (), DAY)
    assert (event.subject, found.user_of("anon")) == ("ann", "cy")


def test_a_customer_of_who_is_another_now_is_lost_by_way_of_her() -> None:
    """What was passed on to her has come by then to whoever she is."""
    found = fed()
    found.link("cus_1", "ann", DAY, How.CUSTOMER)
    found.rename("cus_1", "ann", "bob")
    [lost] = found.link("cus_1", "cy", 2 * DAY, How.CUSTOMER)
    assert (lost.subject, lost.identity, found.user_of("cus_1")) == ("ann", Lost("cus_1", 1), "cy")


def test_all_is_as_it_was_after_it_was_written_and_loaded() -> None:
    found = stored(fed(3, 1, alias="a\0b"))
    assert times([one.event for one in found.records("a\0b")]) == [3 * DAY, DAY]
    found.keep(under("a\0b", 2 * DAY), at(5))
    writes = found.take()
    assert [name for name, _ in writes.records] == ["a\0b\0002"]
    assert len(found.link("a\0b", "ann", 4 * DAY, How.ANONYMOUS)) == 3
    writes = found.take()
    assert sorted(writes.dropped) == ["a\0b\0000", "a\0b\0001", "a\0b\0002"]
    assert Aliases(KEEP, {}, dict(writes.standings)).user_of("a\0b") == "ann"


def test_so_many_as_a_robot_leaves_are_loaded_in_slices_and_are_as_they_were() -> None:
    found = Aliases(KEEP)
    for number in range(3 * AT_ONCE):
        found.keep(under(f"anon-{number}", number), at(number))
        found.merge(f"u-{number}", "ann", number)
    writes, loaded = found.take(), Aliases(KEEP)
    records, standings = dict(sorted(writes.records)), dict(writes.standings)
    assert len(list(loaded.fill(records, standings))) >= 9, "a slice of standings, of names, and of records"
    assert loaded.merged == found.merged
    assert [loaded.records(f"anon-{n}") for n in (0, 5_999)] == [found.records(f"anon-{n}") for n in (0, 5_999)]
    found.keep(under("anon-0", DAY), at(0))
    loaded.keep(under("anon-0", DAY), at(0))
    assert loaded.take() == found.take()


@pytest.mark.parametrize("how", How)
def test_what_is_written_once_is_not_written_again(how: How) -> None:
    found = fed(1)
    found.link("anon", "ann", DAY, how)
    assert found.untold
    found.take()
    assert not found.untold
