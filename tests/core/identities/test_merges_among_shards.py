"""Merges of users of several shards that tell each other, whatever crashes."""

from collections import defaultdict
from itertools import count
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.changes import Change
from streams.core.events import Event
from streams.core.identities import kept
from streams.core.merges import Erase
from tests.core.identities.made import DAY, counted, merge, of, second
from tests.core.identities.network import Network

USERS: Final = ("ann", "bob", "cy", "dora")
COMMANDS = st.permutations(USERS).map(lambda users: (users[0], users[1]))
HISTORY = st.lists(st.sampled_from(USERS).map(lambda user: (user, None)) | COMMANDS, max_size=25)
STEPS = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4), st.booleans(), st.booleans()), max_size=25)


@given(HISTORY, STEPS)
def test_whoever_is_merged_is_so_once_and_nothing_is_lost_whatever_crashes(
    history: list[tuple[str, str | None]], steps: list[tuple[int, int, bool, bool]]
) -> None:
    network, times = Network(3), count(1)
    for user, into in history:
        at = next(times) * DAY
        network.send(of(user, at) if into is None else merge(user, into, at))
    for step in steps:
        network.work(*step)
    network.settle()
    shards = [worker.shard for worker in network.running]
    sent = defaultdict[str, int](int)
    for user, into in history:
        if into is None:
            sent[network.who(user)] += 1
    assert {user: counted(shards[network.home(user)], user) for user in USERS} == {user: sent[user] for user in USERS}
    assert not any(worker.identities.merges.asked(user) for worker in network.running for user in USERS)
    told = defaultdict[tuple[str, str], list[Change]](list)
    for change in network.told:
        told[change.subject, change.rule].append(change)
    for (user, rule), changes in told.items():
        assert [change.ordinal for change in changes] == list(range(1, len(changes) + 1))
        assert [change.entered for change in changes] == [bool(n % 2) for n in range(1, len(changes) + 1)]
        shard = shards[network.home(user)]
        assert changes[-1].entered == (user in shard and rule in shard.memberships(user))


def test_two_who_are_to_become_each_other_stay_two() -> None:
    network = Network(3)
    for event in (of("ann", 1), of("bob", 2), merge("ann", "bob", 3), merge("bob", "ann", 3)):
        network.send(event)
    network.settle()
    codes = [unable.why.code for worker in network.running for unable in worker.identities.merges.unable]
    assert codes == ["merge_circle", "merge_circle"]
    assert (network.who("ann"), network.who("bob")) == ("ann", "bob")


@pytest.mark.parametrize(("first", "codes", "who"), [("dora", ["merge_unknown"], "ann"), ("cy", ["merge_again"], "cy")])
def test_a_second_command_about_who_is_on_her_way_has_its_turn(first: str, codes: list[str], who: str) -> None:
    network = Network(3)
    for event in (of("ann", 1), of("bob", 2), of("cy", 2), merge("bob", first, 3), second("ann")):
        network.send(event)
    network.settle()
    assert [unable.why.code for worker in network.running for unable in worker.identities.merges.unable] == codes
    assert network.who("bob") == who


def test_an_answer_that_comes_twice_is_no_answer_to_another_question() -> None:
    network = Network(3)
    for event in (of("ann", 1), of("bob", 2), merge("bob", "dora", 3)):
        network.send(event)
    network.settle()
    network.send(merge("bob", "ann", 4))
    network.work(network.home("bob"), 5, crashes_before=False, crashes_after=False)
    network.internal[network.home("bob")] += network.internal[network.home("bob")][-1:]
    network.settle()
    assert network.who("bob") == "ann"


def test_who_stays_may_be_erased_while_the_other_is_on_her_way() -> None:
    network = Network(3)
    for event in (of("ann", 1), of("bob", 2), merge("bob", "ann", 3)):
        network.send(event)
    anns, bobs = network.home("ann"), network.home("bob")
    for shard in (anns, bobs, anns, bobs):  # asked, granted, moved
        network.work(shard, 5, crashes_before=False, crashes_after=False)
    assert "bob" in network.running[bobs].identities.aliases.merged
    assert "ann" in network.running[anns].shard
    erase = Event("ann", 9, "", False, None, {}, {}, identity=Erase("ann"))
    network.internal[anns].insert(network.running[anns].heard, kept.encode(erase))
    network.settle()
    assert all(user not in worker.shard for worker in network.running for user in USERS)
    network.send(of("bob", 9))
    network.send(of("bob", 10))
    network.settle()
    assert counted(network.running[network.home("bob")].shard, "bob") == 1
