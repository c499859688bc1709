"""Merges of users, in one shard at once, and among several that tell each other, whatever crashes."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import count
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.core.batch import Batch
from streams.core.changes import Change
from streams.core.engine.shard import Shard
from streams.core.events import Event
from streams.core.identities import kept
from streams.core.identities.aliases import Aliases
from streams.core.identities.identities import Identities, pieces
from streams.core.identities.linking import WOULD_MERGE
from streams.core.identities.merges import MOST_LATER
from streams.core.identities.owners import MOST_IDS, Owners
from streams.core.identities.refusals import Refusals
from streams.core.links import How
from streams.core.merges import Asked, Erase, Merge
from streams.core.rules.rulebook import Rulebook
from tests import strategies as made
from tests.core.engine.test_merging import lives
from tests.core.harness import Changes, as_expected
from tests.core.identities.made import DAY, KEEP, of, under
from tests.oracle import judge
from tests.oracle.merged import Merge as Judged
from tests.rulebooks import rulebook

RULES: Final = rulebook(busy="count(any) >= 3", idle="idle_days >= 2", known="count(any) >= 1")


def merge(gone: str, into: str, ts: int, written: int = 0) -> Event:
    return Event(gone, ts, "", False, f"merge {gone}", {}, {}, identity=Merge(into, written))


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


def counted(shard: Shard, user: str) -> int:
    """How many events were counted of a user."""
    [field] = [field for field in shard.catalog.fields if field.name == "count any"]
    row = shard.table.find(user)
    return 0 if row is None else int(shard.table.memory.words[row, field.start])


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


def second(into: str, ts: int = 4, written: int = 0) -> Event:
    """Of bob, about whom another waits."""
    return replace(merge("bob", into, ts, written), message_id=f"into {into}")


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


# ------------------------------------------------------------------------------------------------------ several shards


class Stored:
    """What the last checkpoint of a shard kept."""

    def __init__(self) -> None:
        self.head = b""
        self.positions = (0, 0)
        self.parts: dict[str, dict[Any, Any]] = defaultdict(dict)

    def write(self, name: str, put: Sequence[tuple[Any, Any]], drop: Sequence[Any] = ()) -> None:
        for each in drop:
            self.parts[name].pop(each, None)
        self.parts[name].update(put)


class Worker:
    """A shard as its last checkpoint has it, and what it did since."""

    def __init__(self, stored: Stored):
        parts = stored.parts
        if stored.head:
            self.shard = Shard.restore(
                RULES, stored.head, parts["rows"].items(), parts["documents"], marks=parts["marks"]
            )
        else:
            self.shard = Shard(RULES)
        self.identities = Identities(
            self.shard,
            Aliases(KEEP, parts["records"], parts["standings"]),
            Owners(parts["owned"]),
            Refusals(),
            parts["questions"],
        )
        self.read, self.heard = stored.positions
        self.outbox: list[Event] = []
        self.changes: list[Change] = []

    def apply(self, source: str, events: Sequence[Event], offset: int) -> None:
        batch = Batch.of(events, range(offset, offset + len(events)))
        for piece, _ in pieces(batch):
            sorted_ = self.identities.sort(piece, [source])
            self.changes += self.identities.take_changes() + self.shard.step(sorted_.apply)
            self.outbox += sorted_.told

    def save(self, stored: Stored) -> None:
        dirty, written = self.shard.take_dirty(), self.identities.take()
        stored.write("rows", dirty.rows, [*dirty.erased, *dirty.moved])
        stored.write("documents", dirty.documents, [*dirty.erased, *dirty.moved])
        stored.write("owned", [], [*dirty.erased, *dirty.moved])
        stored.write("marks", dirty.marks)
        stored.write("records", written.aliases.records, written.aliases.dropped)
        stored.write("standings", written.aliases.standings, written.aliases.forgotten)
        stored.write("owned", *written.owned)
        stored.write("questions", *written.questions)
        stored.head, stored.positions = self.shard.head(), (self.read, self.heard)


class Network:
    """Shards that tell each other what they must: each message at least once, in order, as they were encoded."""

    def __init__(self, shards: int):
        self.inputs: list[list[Event]] = [[] for _ in range(shards)]
        self.internal: list[list[bytes]] = [[] for _ in range(shards)]
        self.stored = [Stored() for _ in range(shards)]
        self.running = [Worker(stored) for stored in self.stored]
        self.told: list[Change] = []

    def home(self, subject: str) -> int:
        return sum(subject.encode()) % len(self.inputs)

    def send(self, event: Event) -> None:
        self.inputs[self.home(event.subject)].append(event)

    def work(self, shard: int, most: int, crashes_before: bool, crashes_after: bool) -> None:
        """A checkpoint's worth of it. A crash after it is one after its outbox was published, before that is known."""
        worker = self.running[shard]
        events = self.inputs[shard][worker.read : worker.read + most]
        messages = [kept.decode(raw) for raw in self.internal[shard][worker.heard : worker.heard + most]]
        worker.apply(f"product-events/{shard}", events, worker.read)
        worker.apply(f"rerouted-events/{shard}", messages, worker.heard)
        worker.read, worker.heard = worker.read + len(events), worker.heard + len(messages)
        if crashes_before:
            self.running[shard] = Worker(self.stored[shard])
            return
        worker.save(self.stored[shard])
        self.told += worker.changes
        for _ in range(1 + crashes_after):
            for event in worker.outbox:
                self.internal[self.home(event.subject)].append(kept.encode(event))
        worker.outbox, worker.changes = [], []
        if crashes_after:
            self.running[shard] = Worker(self.stored[shard])

    def settle(self) -> None:
        for _ in range(200):
            for shard in range(len(self.inputs)):
                self.work(shard, 5, crashes_before=False, crashes_after=False)
            done = [(len(read), len(heard)) for read, heard in zip(self.inputs, self.internal, strict=True)]
            if done == [(worker.read, worker.heard) for worker in self.running]:
                return
        raise AssertionError("they never stop telling each other something")

    def who(self, user: str) -> str:
        merged = {gone: into for worker in self.running for gone, into in worker.identities.aliases.merged.items()}
        for _ in range(len(merged) + 1):
            if user not in merged:
                return user
            user = merged[user]
        raise AssertionError("a circle")


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
