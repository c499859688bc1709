"""What came of the events of several profiles is the same whatever the order in which they become one."""

from collections.abc import Sequence
from copy import deepcopy
from itertools import permutations
from typing import Final

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.core.batch import Batch
from streams.core.calendar import UTC
from streams.core.engine.merging import pack, unpack
from streams.core.engine.shard import Shard
from streams.core.events import Event, Value
from streams.core.kernel.layout import CLOCK, IDS
from streams.core.profiles.document import MAX_TRAITS, Document
from streams.core.profiles.kinds import RULE
from streams.core.profiles.ledger import MAX_SUBSCRIPTIONS, Ledger, Said, Subscription
from streams.core.profiles.merging import Profile, merge
from streams.core.rules.rulebook import Rulebook
from tests import strategies as made

USERS: Final = ("ann", "bob", "cy")


def shard_of(rulebook: Rulebook, events: Sequence[Event]) -> Shard:
    shard = Shard(rulebook)
    shard.step(Batch.of(events))
    return shard


def profiles(shard: Shard, users: Sequence[str]) -> list[Profile]:
    packed = [pack(shard.table, shard.table.row_of(user), shard.catalog, 0) for user in users]
    return [unpack(shard.table, shard.catalog, UTC, each) for each in packed]


def state(shard: Shard, users: Sequence[str], at_ms: int) -> tuple[dict[str, list[int]], Document]:
    """All of them in one, without memberships."""
    one, *others = profiles(shard, users)
    for other in others:
        merge(one, other, shard.catalog.fields, at_ms, UTC)
    fields = [field for field in shard.catalog.fields if not field.name.startswith(RULE)]
    row = {field.name: one.row[field.start : field.start + field.words].tolist() for field in fields}
    return row | {"clock": []}, one.document


@given(made.rulebooks(), st.tuples(*(made.histories(user=st.just(user)) for user in USERS)))
def test_permutation_of_merges_gives_one_state(rulebook: Rulebook, histories: tuple[list[Event], ...]) -> None:
    # What is known of a group that was left goes by arrival where its news come late or at one millisecond.
    events = [event for history in histories for event in history if not any("group" in name for name in event.traits)]
    shard = shard_of(rulebook, events)
    users = [user for user in USERS if user in shard.table]
    assume(users)
    at_ms = int(shard.table.memory.words[: len(shard.table), CLOCK].max(initial=0))
    assert len({repr(state(shard, order, at_ms)[0]) for order in permutations(users)}) <= 1
    documents = [state(shard, order, at_ms)[1] for order in permutations(users)]
    assert all(document == documents[0] for document in documents)


NOTHING: Final = Rulebook(())


def identified(user: str, ts: int, traits: dict[str, Value]) -> Event:
    return Event(user, made.START_MS + ts, "", False, f"{user} {ts}", {}, traits)


def one_document(*events: Event) -> Document:
    users = list(dict.fromkeys(event.subject for event in events))
    found = [state(shard_of(NOTHING, events), order, made.END_MS)[1] for order in permutations(users)]
    assert all(document == found[0] for document in found)
    return found[0]


def test_of_more_traits_than_there_is_room_for_those_stay_that_were_set_last() -> None:
    many = [identified("ann", 2 * n, {f"a{n}": n}) for n in range(150)]
    many += [identified("bob", 2 * n + 1, {f"b{n}": n}) for n in range(150)]
    document = one_document(*many)
    assert len(document.traits) == MAX_TRAITS
    assert min(ts for _, ts in document.traits.values()) == made.START_MS + 100
    assert document.refused == 100


def test_what_is_older_than_what_was_written_above_it_is_gone() -> None:
    nested = identified("ann", 1, {"company.name": "Acme", "company.size": 5})
    document = one_document(nested, identified("bob", 2, {"company": None, "company.name": "Initech"}))
    assert {name: value for name, (value, _) in document.traits.items()} == {"company": None, "company.name": "Initech"}


def test_of_two_groups_the_one_is_left_that_was_heard_of_first() -> None:
    document = one_document(
        identified("ann", 1, {"group.id": "g-1", "group.size": 5}),
        identified("bob", 2, {"group.id": "g-2", "group.plan": "pro"}),
        identified("cy", 3, {"group.id": "g-2", "group.city": "Bonn"}),
    )
    known = {name: value for name, (value, _) in document.traits.items() if value is not None}
    assert known == {"group.id": "g-2", "group.plan": "pro", "group.city": "Bonn"}


def ids(shard: Shard, users: Sequence[str]) -> list[int]:
    [kept] = [words for name, words in state(shard, users, made.END_MS)[0].items() if name == "ids"]
    return kept


def named(user: str, count: int) -> list[Event]:
    return [Event(user, made.START_MS + n, "Signed In", True, f"{user} {n}", {}, {}) for n in range(count)]


def test_the_newest_messageids_of_each_are_remembered() -> None:
    shard = shard_of(NOTHING, [*named("ann", 20), *named("bob", 20), *named("cy", 3)])
    kept = ids(shard, USERS)
    newest = Batch.of([*named("ann", 20)[-6:], *named("bob", 20)[-6:], *named("cy", 3)]).ids.tolist()
    assert set(newest) <= set(kept)
    assert len(set(kept)) == len(kept) == 16
    assert {repr(ids(shard, order)) for order in permutations(USERS)} == {repr(kept)}


def test_messageids_grow_old_together_once_profiles_are_one() -> None:
    """What one remembers of the other makes room as its own does, also where a third comes later."""
    shard = shard_of(NOTHING, [*named("ann", 16), *named("bob", 16), *named("cy", 16)])
    ann, bob, cy = profiles(shard, USERS)
    merge(ann, bob, shard.catalog.fields, made.END_MS, UTC)
    ann.row[IDS + 4 : IDS + 16] = ann.row[IDS : IDS + 12].copy()
    ann.row[IDS : IDS + 4] = (101, 102, 103, 104)
    merge(ann, cy, shard.catalog.fields, made.END_MS, UTC)
    assert ann.document.ages is not None
    # 4 new ones and 4 of the third before the first of either that were theirs then
    assert ann.document.ages.ages == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 4, 5, 5, 5, 6, 6]


def test_subscriptions_that_are_too_many_go_as_ever() -> None:
    shard = shard_of(NOTHING, [*named("ann", 1), *named("bob", 1)])
    ann, bob = profiles(shard, ("ann", "bob"))
    ann.document.ledger = Ledger({f"a{n}": Subscription(n) for n in range(150)})
    bob.document.ledger = Ledger({f"b{n}": Subscription(n) for n in range(150)}, has_paid=True)
    merge(ann, bob, shard.catalog.fields, made.END_MS, UTC)
    assert ann.document.ledger is not None
    assert ann.document.ledger.has_paid
    assert len(ann.document.ledger.subscriptions) == MAX_SUBSCRIPTIONS
    assert min(one.updated for one in ann.document.ledger.subscriptions.values()) == 50
    assert replace(ann.document.ledger).mrr_millionths == 0


@pytest.mark.parametrize(
    ("one", "other", "counts"),
    [
        # what the one handed over to the other
        (Subscription(5, handed_over=(7, 2)), Subscription(7, {"status": Said("active", 7, 2)}), True),
        # to a third, by either of them
        (Subscription(5, handed_over=(7, 2)), Subscription(7, {"status": Said("active", 7, 2)}, (9, 2)), False),
        (Subscription(5, handed_over=(9, 2)), Subscription(7, {"status": Said("active", 7, 2)}), False),
    ],
)
def test_a_subscription_that_one_handed_over_to_the_other_is_the_survivors(
    one: Subscription, other: Subscription, counts: bool
) -> None:
    shard = shard_of(NOTHING, [*named("ann", 1), *named("bob", 1)])
    for first, second in ((one, other), (other, one)):
        ann, bob = profiles(shard, ("ann", "bob"))
        ann.document.ledger, bob.document.ledger = (Ledger({"sub_1": deepcopy(each)}) for each in (first, second))
        merge(ann, bob, shard.catalog.fields, made.END_MS, UTC)
        assert ann.document.ledger.subscriptions["sub_1"].is_counted == counts
