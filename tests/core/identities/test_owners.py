"""Which aliases are a user's, and how much of each has come."""

import pytest

from streams.core.identities.owners import MOST_IDS, Owners
from streams.core.links import Claim, Forget, How, Link, PassedOn
from tests.core.identities.made import at

ANON = Link("anon", How.ANONYMOUS)
CUSTOMER = Link("cus_1", How.CUSTOMER)


def test_the_home_of_an_alias_is_told_once_however_many_records_bear_it() -> None:
    found = Owners()
    [claim] = found.claim("ann", ANON, 5)
    assert (claim.subject, claim.ts, claim.identity) == ("anon", 5, Claim("ann", How.ANONYMOUS))
    assert found.claim("ann", ANON, 6) == []
    assert Owners(dict(found.take()[0])).claim("ann", ANON, 7) == []


@pytest.mark.parametrize("how", [How.CUSTOMER, How.TRAIT])
def test_of_what_may_move_its_home_is_told_each_time(how: How) -> None:
    found, link = Owners(), Link("cus_1", how)
    assert len(found.claim("ann", link, 5)) == len(found.claim("ann", link, 6)) == 1


def test_a_person_has_a_hundred_ids_at_most() -> None:
    found = Owners()
    for number in range(MOST_IDS):
        link = Link(f"a-{number}", How.ANONYMOUS)
        assert found.may_claim("ann", link)
        found.claim("ann", link, 0)
    assert not found.may_claim("ann", ANON)
    assert found.may_claim("ann", Link("a-7", How.ANONYMOUS))
    assert found.may_claim("bob", ANON)


def test_what_is_passed_on_is_applied_once() -> None:
    found = Owners()
    assert [found.accept("ann", PassedOn("anon", 1, at(offset))) for offset in (3, 7, 3, 7, 8)] == [
        *(True, True, False, False, True)
    ]
    assert found.accept("ann", PassedOn("anon", 1, at(3, "billing-updates/0")))
    assert found.accept("ann", PassedOn("other", 1, at(3)))


def test_of_a_link_that_is_over_nothing_is_applied_any_more() -> None:
    found = Owners()
    found.claim("ann", CUSTOMER, 5)
    assert found.accept("ann", PassedOn("cus_1", 1, at(3)))
    assert found.lose("ann", "cus_1", 1)
    assert not found.lose("ann", "cus_1", 1)
    assert not found.accept("ann", PassedOn("cus_1", 1, at(4)))
    assert found.accept("ann", PassedOn("cus_1", 3, at(3)))


def test_what_was_lost_is_claimed_again_by_the_next_link() -> None:
    found = Owners()
    trait = Link("cus_1", How.TRAIT)
    assert len(found.claim("ann", trait, 5)) == 1
    found.lose("ann", "cus_1", 1)
    assert len(found.claim("ann", trait, 6)) == 1


def test_whoever_is_erased_has_her_aliases_forgotten() -> None:
    found = Owners()
    found.claim("ann", ANON, 5)
    found.take()
    [forget] = found.erase("ann", 9)
    assert (forget.subject, forget.ts, forget.identity) == ("anon", 9, Forget("ann"))
    assert found.take() == ([], ["ann"])
    assert found.erase("ann", 9) == []


def test_whoever_came_back_after_an_erasure_keeps_what_is_hers_since() -> None:
    found = Owners()
    found.claim("ann", ANON, 5)
    found.claim("ann", CUSTOMER, 12)
    assert [event.subject for event in found.erase("ann", 9)] == ["anon"]
    assert list(found.of("ann")) == ["cus_1"]
