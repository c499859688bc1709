"""Merges of users in one shard, which are done at once or wait for who is to come."""

import pytest
from hypothesis import given
from msgspec.structs import replace

from streams.core.batch import Batch
from streams.core.changes import Change
from streams.core.engine.shard import Shard
from streams.core.events import Event, Reject
from streams.core.identities.aliases import Aliases
from streams.core.identities.identities import Identities
from streams.core.identities.linking import WOULD_MERGE
from streams.core.identities.merges import MOST_LATER
from streams.core.identities.owners import MOST_IDS, Owners
from streams.core.identities.questions import word
from streams.core.identities.refusals import Refusals
from streams.core.links import NOWHERE, How
from streams.core.merges import Asked, Granted, Moved, Noted, Packed, Renamed
from streams.core.rules.rulebook import Rulebook
from tests import strategies as made
from tests.core.engine.merged_lives import lives
from tests.core.harness import Changes, as_expected
from tests.core.identities.made import KEEP, RULES, counted, merge, of, second, state, under
from tests.oracle import judge
from tests.oracle.merged import Merge as Judged


class Alone:
    """One shard that is all there is, as a replay."""

    def __init__(self, rules: Rulebook = RULES, merge_users: bool = False):
        self.shard = Shard(rules)
        self.identities = Identities(self.shard, Aliases(KEEP), Owners(), Refusals(), merge_users=merge_users)
        self.changes: list[Change] = []

    def hear(self, *events: Event) -> "Alone":
        for turn in self.identities.turns(events):
            self.changes += self.identities.take_changes() + self.shard.step(Batch.of(turn))
        self.changes += self.identities.take_changes()
        return self

    def times(self, user: str) -> int:
        return counted(self.shard, user)

    @property
    def refusals(self) -> list[str]:
        return [unable.why.code for unable in self.identities.merges.unable]


def test_what_still_bears_who_is_gone_is_the_survivors() -> None:
    alone = Alone().hear(of("ann", 1), of("bob", 2), merge("bob", "ann", 3), of("bob", 4), of("bob", 1, "anon"))
    assert "bob" not in alone.shard
    assert alone.times("ann") == 4
    assert alone.identities.aliases.user_of("anon") == "ann"


def test_what_came_under_the_aliases_of_who_is_gone_is_the_survivors() -> None:
    alone = Alone().hear(of("ann", 1), of("bob", 2, "anon"), merge("bob", "ann", 3), under("anon", 4))
    assert alone.times("ann") == 3


def test_a_chain_is_followed() -> None:
    alone = Alone().hear(of("ann", 1), of("bob", 2), of("cy", 3), merge("bob", "ann", 4), merge("cy", "bob", 5))
    alone.hear(of("cy", 6), of("bob", 7), merge("ann", "dora", 8))
    assert alone.times("ann") == 5
    assert alone.refusals == ["merge_unknown"]
    alone.hear(of("dora", 8), merge("ann", "dora", 9), of("cy", 10))
    assert alone.times("dora") == 7


def test_of_who_is_to_move_anew_it_is_known_at_once_that_who_she_became_is_another_since() -> None:
    alone = Alone().hear(of("ann", 1), of("bob", 2))
    alone.identities.merges.note(Noted("bob", "ann", 3, None, {"product-events/0": 5}))
    alone.hear(word("bob", 4, Renamed("ann", "cy")), word("bob", 5, Renamed("cy", "dora")))
    alone.identities.merges.reach({"product-events/0": 5})
    assert alone.identities.aliases.user_of("bob") == "dora"
    assert [event.subject for event in alone.identities.aliases.keep(of("bob", 6), NOWHERE)] == ["ann"]


def test_a_customer_of_who_is_gone_is_no_id_of_who_stays_once_it_is_anothers() -> None:
    alone = Alone().hear(of("ann", 1), of("bob", 2, "cus_1", how=How.CUSTOMER), state("cus_1", 3), of("cy", 4))
    alone.hear(merge("bob", "ann", 5))
    has = {user: alone.identities.owners.of(user)["cus_1"].is_hers for user in ("ann", "bob")}
    assert has == {"ann": True, "bob": False}
    alone.hear(of("cy", 6, "cus_1", how=How.CUSTOMER))
    has = {user: alone.identities.owners.of(user)["cus_1"].is_hers for user in ("ann", "bob", "cy")}
    assert has == {"ann": False, "bob": False, "cy": True}


def test_a_merge_that_was_done_is_done_once() -> None:
    alone = Alone().hear(of("ann", 1), of("bob", 2), *[merge("bob", "ann", 3)] * 2)
    assert (alone.times("ann"), alone.refusals) == (2, [])


def test_a_merge_that_was_done_is_done_though_who_stayed_was_merged_on_since() -> None:
    alone = Alone().hear(of("ann", 1), of("bob", 2), of("cy", 3), of("dora", 4))
    alone.hear(merge("bob", "ann", 5), merge("ann", "cy", 6), merge("cy", "dora", 7))
    for into in ("ann", "cy", "dora"):
        alone.hear(merge("bob", into, 5))
    assert (alone.times("dora"), alone.refusals) == (4, [])


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (merge("ann", "ann", 9), "merge_circle"),
        (merge("ann", "bob", 9), "merge_circle"),
        (merge("bob", "cy", 9), "merge_again"),
        (merge("cy", "dora", 9), "merge_unknown"),
        (merge("dora", "cy", 9), "merge_unknown"),
    ],
)
def test_what_cannot_be_carried_out_is_told_with_a_reason(command: Event, code: str) -> None:
    alone = Alone().hear(of("ann", 1), of("bob", 2), of("cy", 3), merge("bob", "ann", 4), command)
    assert alone.refusals == [code]
    assert (alone.times("ann"), alone.times("cy")) == (2, 1)


AN_ALIAS = "is no user, but an alias of one: name that user (`segmenter links` tells who)"
NOBODYS = (
    "is no user, but an alias which nobody has linked to a user yet: who links it gets what waits, and no merge is"
    " needed"
)
NOBODY = "names nobody who has a profile: send it once both have an event"


@pytest.mark.parametrize("written", [0, 9])
@pytest.mark.parametrize(
    ("gone", "into", "why"),
    [
        ("anon", "bob", f"`userId` {AN_ALIAS}"),
        ("bob", "anon", f"`into` {AN_ALIAS}"),
        ("visitor", "bob", f"`userId` {NOBODYS}"),
        ("bob", "visitor", f"`into` {NOBODYS}"),
        ("zoe", "bob", f"`userId` {NOBODY}"),
        ("bob", "zoe", f"`into` {NOBODY}"),
    ],
)
def test_of_an_alias_it_is_told_that_it_is_no_user_and_what_helps(gone: str, into: str, why: str, written: int) -> None:
    alone = Alone().hear(of("ann", 1, "anon"), of("bob", 2), under("visitor", 3), merge(gone, into, 4, written))
    alone.hear(*alone.identities.merges.again(10))
    assert [unable.why for unable in alone.identities.merges.unable] == [Reject("merge_unknown", why)]


@pytest.mark.parametrize("first", [(), (of("ann", 1),), (of("bob", 1),)])
def test_a_command_with_an_early_time_waits_for_who_was_known_when_it_was_written(first: tuple[Event, ...]) -> None:
    alone = Alone().hear(*first, merge("bob", "ann", 0, written=5), of("ann", 3), of("bob", 4))
    assert (alone.refusals, alone.identities.merges.are_due(5)) == ([], False)
    alone.hear(*alone.identities.merges.again(6))
    assert (alone.refusals, alone.times("ann")) == ([], 2 + len(first))


@pytest.mark.parametrize("known", [of("ann", 1), of("bob", 1)])
def test_whoever_is_not_known_by_then_is_nobody(known: Event) -> None:
    alone = Alone().hear(merge("bob", "ann", 0, written=5), known)
    assert alone.identities.merges.are_due(6)
    alone.hear(*alone.identities.merges.again(6))
    assert (alone.refusals, alone.identities.merges.are_due(9)) == (["merge_unknown"], False)


def test_a_command_that_waits_is_kept_and_goes_with_who_is_erased() -> None:
    [(user, raw)], _ = Alone().hear(merge("bob", "ann", 3, written=5)).identities.merges.take()
    alone = Alone()
    alone.identities = Identities(alone.shard, Aliases(KEEP), Owners(), Refusals(), {user: raw})
    assert alone.identities.merges.are_due(6)
    alone.identities.erase("bob", 3)
    assert not alone.identities.merges.are_due(6)
    assert alone.identities.merges.take() == ([], ["bob"])


@pytest.mark.parametrize("into", ["ann", "cy"])
def test_what_is_asked_of_who_waits_has_its_turn_once_that_is_refused(into: str) -> None:
    alone = Alone().hear(of("ann", 1), of("bob", 2), of("cy", 3), merge("bob", "dora", 3, written=5), second(into))
    assert (alone.refusals, alone.times(into)) == ([], 1)
    alone.hear(*alone.identities.merges.again(6))
    assert (alone.refusals, alone.times(into)) == (["merge_unknown"], 2)


@pytest.mark.parametrize(("into", "refusals"), [("ann", []), ("cy", ["merge_again"])])
def test_what_is_asked_of_who_waits_is_told_once_that_is_done(into: str, refusals: list[str]) -> None:
    alone = Alone().hear(of("bob", 2), of("cy", 3), merge("bob", "ann", 3, written=5), second(into), of("ann", 5))
    assert alone.refusals == []
    alone.hear(*alone.identities.merges.again(6))
    assert (alone.refusals, alone.times("ann"), alone.times("cy")) == (refusals, 2, 1)


def test_a_command_that_comes_again_while_it_waits_is_one() -> None:
    commands = [merge("bob", "dora", 3, written=5), second("edna", written=5)]
    alone = Alone().hear(of("bob", 2), *commands, *commands)
    alone.hear(*alone.identities.merges.again(6))
    alone.hear(*alone.identities.merges.again(6))
    assert alone.refusals == ["merge_unknown"] * 2
    assert alone.identities.merges.asked("bob") is None


def test_so_many_are_asked_of_one_user_at_most_while_the_first_waits() -> None:
    alone = Alone().hear(of("bob", 2), merge("bob", "dora", 3, written=5))
    alone.hear(*(second(f"u-{n}") for n in range(MOST_LATER + 1)))
    assert alone.refusals == ["merge_again"]


def test_what_was_asked_before_an_erasure_goes_with_it_and_what_came_after_has_its_turn() -> None:
    alone = Alone().hear(of("ann", 1), of("bob", 2), merge("bob", "dora", 3, written=9))
    alone.hear(second("ann", 4, written=9), second("cy", 6, written=9))
    alone.shard.erase_one("bob", 5, None)
    alone.hear(*alone.identities.erase("bob", 5), of("bob", 7), of("cy", 8))
    alone.hear(*alone.identities.merges.again(10))
    assert (alone.refusals, alone.times("cy"), alone.times("ann")) == ([], 2, 1)


def test_where_time_comes_with_the_next_event_it_is_asked_before_that() -> None:
    alone = Alone().hear(of("ann", 1))
    alone.identities.sort(Batch.of([merge("bob", "ann", 0, written=5)]), ["profile-commands/0"])
    before, told, turns = alone.identities.sort(Batch.of([of("bob", 4), of("bob", 6)]), ["product-events/0"])
    assert [event.identity for event in told] == [Asked("bob", ~0)]
    assert (len(before), turns) == (2, [6])


def test_the_homes_of_her_aliases_are_told_before_that_of_who_stays_and_so_each_in_its_turn_of_a_chain() -> None:
    merges = Alone().hear(of("ann", 1), of("bob", 2, "anon")).identities.merges
    merges.hear(merge("bob", "ann", 3), NOWHERE)
    told = merges.hear(word("bob", 3, Granted("ann", 0)), NOWHERE)
    assert [(event.subject, type(event.identity)) for event in told] == [("anon", Renamed), ("ann", Moved)]
    told = merges.hear(word("bob", 4, Moved("cy", 1, Packed(b"", b"", b""), {"hers": "anonymousId"})), NOWHERE)
    assert [(event.subject, type(event.identity)) for event in told] == [
        *(("cy", Renamed), ("hers", Renamed)),
        ("ann", Moved),
    ]


def test_a_person_has_so_many_ids_at_most() -> None:
    users = [f"u-{n}" for n in range(MOST_IDS + 1)]
    alone = Alone().hear(of("ann", 1), *(of(user, 2) for user in users), *(merge(user, "ann", 3) for user in users))
    assert alone.refusals == ["merge_too_many"]
    assert alone.times("ann") == MOST_IDS + 1


def test_an_alias_record_merges_two_users_only_where_that_is_wanted() -> None:
    history = [of("ann", 1), of("bob", 2), of("ann", 3, "bob", how=How.ALIAS), of("bob", 4)]
    assert Alone().hear(*history).times("ann") == 2
    assert Alone(merge_users=True).hear(*history).times("ann") == 4


def test_who_is_gone_is_no_alias_of_anybody_else() -> None:
    alone = Alone().hear(of("ann", 1), of("bob", 2), of("cy", 3), merge("bob", "ann", 4))
    alone.hear(of("cy", 5, "bob"), of("cy", 6, "bob", how=How.ALIAS), of("bob", 7))
    assert alone.times("ann") == 3
    assert alone.identities.dropped[WOULD_MERGE] == 1


@pytest.mark.parametrize("erased", ["ann", "bob"])
def test_an_erasure_of_either_takes_all_that_they_are(erased: str) -> None:
    alone = Alone().hear(of("ann", 1), of("bob", 2, "anon"), merge("bob", "ann", 3))
    if erased == "ann":
        alone.shard.erase_one("ann", 5, None)
    alone.hear(*alone.identities.erase(erased, 5))
    assert "ann" not in alone.shard
    alone.hear(of("bob", 5), under("anon", 4), of("ann", 4))
    assert (alone.times("ann"), alone.times("bob")) == (0, 0)
    alone.hear(of("bob", 6), under("anon", 7))
    assert (alone.times("ann"), alone.times("bob")) == (0, 1)


@given(made.rulebooks(most=2), lives())
def test_commands_are_carried_out_as_the_judge_expects(rules: Rulebook, items: list[Event | Judged | int]) -> None:
    alone = Alone(rules)
    for item in [*items, made.END_MS]:
        match item:
            case Event():
                alone.hear(item)
            case int():
                while alone.shard.time_ms < item:
                    alone.changes += alone.shard.tick(item)
            case _:
                alone.hear(replace(merge(item.gone, item.into, item.ts), message_id=item.message_id))
    found: Changes = {}
    for change in alone.changes:
        found.setdefault(change.subject, []).append(as_expected(change))
    assert found == {user: changes for user, changes in judge(rules, items, made.END_MS).items() if changes}
