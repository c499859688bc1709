"""What becomes of events that have to do with aliases: in one shard at once, and among several that tell each other."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.core.batch import Batch
from streams.core.engine.shard import Shard
from streams.core.events import Event
from streams.core.identities.aliases import Aliases
from streams.core.identities.identities import Identities
from streams.core.identities.linking import ERASED, WOULD_MERGE
from streams.core.identities.owners import MOST_IDS, TOO_MANY_IDS, Owners
from streams.core.identities.refusals import read_refusal
from streams.core.links import Claim, How, PassedOn, Place
from tests.core.identities.made import DAY, KEEP, of, state, under
from tests.core.identities.users import Users, identities
from tests.rulebooks import rulebook


def told(events: Sequence[Event], users: Users | None = None) -> list[tuple[str, int]]:
    return [(event.subject, event.ts) for event in identities(users or Users()).at_once(events)]


def test_what_was_kept_comes_right_after_the_record_that_links() -> None:
    history = [under("anon", 1), under("anon", 2), of("ann", 3, "anon"), of("ann", 4, "anon"), under("anon", 5)]
    assert told(history) == [("ann", 3), ("ann", 1), ("ann", 2), ("ann", 4), ("ann", 5)]


def test_records_without_aliases_are_left_alone() -> None:
    batch = Batch.of([of("ann", 1), of("bob", 2)])
    assert identities(Users()).sort(batch, ["product-events/0"]).apply is batch


def test_an_id_that_is_the_users_own_links_nothing() -> None:
    found = identities(Users())
    found.at_once([of("ann", 1, "ann")])
    assert found.owners.of("ann") == {}


def test_an_alias_that_is_a_user_is_refused_and_listed() -> None:
    found = identities(Users())
    assert (
        len(found.at_once([of("ann", 1), of("bob", 2, "ann", how=How.ALIAS), of("bob", 3, "ann", how=How.ALIAS)])) == 3
    )
    assert found.dropped[WOULD_MERGE] == 1
    [(_, raw)] = found.take().refusals[0]
    assert (read_refusal(raw).alias, read_refusal(raw).user) == ("ann", "bob")
    assert not found.refusals.take_to_tell(), "what an alias record may not do is no fault"


def test_a_link_beyond_what_a_person_may_have_is_told_once_with_its_place_and_its_record_counts() -> None:
    history = [of("ann", n, f"device-{n}") for n in range(MOST_IDS + 3)]
    found = identities(Users())
    assert found.sort(Batch.of(history), ["product-events/0"]).apply.events == history
    (told,) = found.refusals.take_to_tell()
    assert (told.refusal.alias, told.refusal.user) == (f"device-{MOST_IDS}", "ann")
    assert told.place == Place("product-events/0", MOST_IDS)
    assert found.dropped == {TOO_MANY_IDS: 3}
    found.sort(Batch.of(history), ["product-events/0"])
    assert not found.refusals.take_to_tell(), "it is listed already"
    assert [read_refusal(raw).alias for _, raw in found.take().refusals[0]] == [f"device-{MOST_IDS}"]


def test_links_that_would_go_in_a_circle_are_refused() -> None:
    found = identities(Users())
    found.at_once([of("b", 1, "a", how=How.ALIAS), of("a", 2, "b", how=How.ALIAS)])
    assert (found.aliases.user_of("a"), found.aliases.user_of("b")) == ("b", None)


def test_a_customer_who_is_anothers_takes_the_subscriptions_along() -> None:
    found = identities(Users())
    events = [state("cus_1", 1), of("ann", 2, "cus_1", how=How.CUSTOMER), of("bob", 3, "cus_1", how=How.CUSTOMER)]
    applied = found.at_once(events)
    assert [(event.subject, event.name, event.touches_ledger) for event in applied] == [
        ("ann", "Signed In", False),
        ("ann", "Subscription Updated", True),
        ("bob", "Signed In", False),
        ("ann", "", True),
        ("bob", "Subscription Updated", True),
    ]
    assert applied[3].properties == {"customer": "cus_1"}


def test_an_erased_users_aliases_are_forgotten_and_what_is_older_is_refused() -> None:
    users = Users()
    found = identities(users)
    found.at_once([of("ann", 1, "anon")])
    assert found.at_once(found.erase("ann", 5)) == []
    assert found.aliases.user_of("anon") is None
    found.at_once([under("anon", 5), under("anon", 6)])
    assert [one.event.ts for one in found.aliases.records("anon")] == [6]
    assert found.dropped[ERASED] == 1


def test_a_record_of_before_its_user_was_erased_links_nothing() -> None:
    users = Users()
    users.refuse("ann", 5)
    found = identities(users)
    found.at_once([of("ann", 5, "anon")])
    assert found.aliases.user_of("anon") is None


@pytest.mark.parametrize(("linked_ms", "passes"), [(None, True), (5, False), (6, True)])
def test_what_comes_by_a_link_of_before_her_erasure_is_refused_unless_the_alias_is_hers_again(
    linked_ms: int | None, passes: bool
) -> None:
    users = Users()
    users.refuse("ann", 5)
    found = identities(users)
    late = [
        replace(of("ann", ts), identity=PassedOn("anon", 1, Place("product-events/0", ts), (), linked_ms))
        for ts in (8, 9)
    ]
    assert len(found.sort(Batch.of(late[:1]), ["rerouted-events/0"]).apply) == passes
    assert found.dropped[ERASED] == (not passes)
    assert len(found.sort(Batch.of([of("ann", 8, "anon"), *late[1:]]), ["rerouted-events/0"]).apply) == 2


@pytest.mark.parametrize(("private", "shown"), [(frozenset({"ip"}), "***"), (frozenset[str](), "10.0.0.1")])
def test_what_rules_read_of_context_that_none_read_when_it_came_is_masked_where_it_is_private(
    private: frozenset[str], shown: str
) -> None:
    shard = Shard(rulebook(ours='context.ip == "10.0.0.1"'), private_traits=private)
    visit = replace(under("anon", DAY), unread_context={"ip": "10.0.0.1", "campaign.source": "ad"})
    applied = Identities.empty(shard, KEEP).at_once([visit, of("ann", 2 * DAY, "anon")])
    assert [dict(event.traits) for event in applied] == [{}, {"context.ip": "10.0.0.1"}]
    [change] = shard.step(Batch.of(applied))
    [standing] = shard.explain("ann", 2 * DAY)
    assert [reason.value for each in (change, standing) for reason in each.because] == [shown, shown]


class Network:
    """Shards that tell each other what they must, each message at least once, in order, and some twice; each may be
    loaded anew from what it wrote last, with what it did since to be done again."""

    def __init__(self, shards: int) -> None:
        self.users = [Users() for _ in range(shards)]
        self.stored: list[dict[str, dict[Any, bytes]]] = [
            {"records": {}, "standings": {}, "owned": {}} for _ in range(shards)
        ]
        self.running = [self._load(shard) for shard in range(shards)]
        self.inputs: list[list[Event]] = [[] for _ in range(shards)]  # topics: nothing is ever taken from them
        self.internal: list[list[Event]] = [[] for _ in range(shards)]
        self.read = [(0, 0)] * shards
        self.applied: list[Counter[tuple[str, int]]] = [Counter() for _ in range(shards)]

    def home(self, subject: str) -> int:
        return sum(subject.encode()) % len(self.users)

    def _load(self, shard: int) -> Identities:
        kept = self.stored[shard]
        aliases = Aliases(KEEP, kept["records"], kept["standings"])
        return identities(self.users[shard], aliases, Owners(kept["owned"]))

    def work(self, shard: int, limit: int, crashes_before: bool, crashes_after: bool) -> None:
        """One checkpoint: read some, write, publish. It may crash before it has written, and after it has published."""
        if crashes_before:
            self.running[shard] = self._load(shard)
        identities, (at, heard) = self.running[shard], self.read[shard]
        events, messages = self.inputs[shard][at : at + limit], self.internal[shard][heard : heard + limit]
        told: list[Event] = []
        for source, part, first in ((f"product-events/{shard}", events, at), ("rerouted-events", messages, heard)):
            batch = Batch.of(part, range(first, first + len(part)))
            found = identities.sort(batch, [source])
            self.applied[shard].update((event.subject, event.ts) for event in found.apply.events)
            told += found.told
        self.read[shard] = (at + len(events), heard + len(messages))
        self._write(shard)
        for _ in range(1 + crashes_after):
            for event in told:
                self.internal[self.home(event.subject)].append(event)
        if crashes_after:
            self.running[shard] = self._load(shard)

    def _write(self, shard: int) -> None:
        written, kept = self.running[shard].take(), self.stored[shard]
        parts = (
            ("records", written.aliases.records, written.aliases.dropped),
            ("standings", written.aliases.standings, written.aliases.forgotten),
            ("owned", *written.owned),
        )
        for name, put, drop in parts:
            for each in drop:
                kept[name].pop(each, None)
            kept[name].update(put)

    def settle(self) -> None:
        while any(
            read < (len(events), len(messages))
            for read, events, messages in zip(self.read, self.inputs, self.internal, strict=True)
        ):
            for shard in range(len(self.users)):
                self.work(shard, 5, crashes_before=False, crashes_after=False)


ALIASES, USERS = ("anon-1", "anon-2", "anon-3"), ("ann", "bob", "cy")
RECORDS = st.sampled_from(ALIASES).map(lambda alias: (alias, None)) | st.tuples(
    st.sampled_from(ALIASES), st.sampled_from(USERS)
)
STEPS = st.tuples(st.integers(0, 2), st.integers(1, 4), st.booleans(), st.booleans())


@given(history=st.lists(RECORDS, max_size=25), steps=st.lists(STEPS, max_size=25))
def test_each_record_is_applied_once_to_the_first_user_whatever_crashes(
    history: list[tuple[str, str | None]], steps: list[tuple[int, int, bool, bool]]
) -> None:
    network = Network(3)
    for ts, (alias, user) in enumerate(history, 1):
        event = under(alias, ts * DAY) if user is None else of(user, ts * DAY, alias)
        network.inputs[network.home(event.subject)].append(event)
    for step in steps:
        network.work(*step)
    network.settle()
    applied = sum(network.applied, Counter())
    assert not {what: times for what, times in applied.items() if times > 1}
    homes = [network.running[network.home(alias)].aliases for alias in ALIASES]
    user_of = {alias: home.user_of(alias) for alias, home in zip(ALIASES, homes, strict=True)}
    is_shared = {alias: home.standing(alias).is_shared for alias, home in zip(ALIASES, homes, strict=True)}
    for ts, (alias, user) in enumerate(history, 1):
        linked = {each for each_alias, each in history if each_alias == alias and each is not None}
        assert (user_of[alias] in linked) if linked else (user_of[alias] is None)
        assert is_shared[alias] == (len(linked) > 1)
        if user is not None:
            assert applied[user, ts * DAY] == 1
        elif len(linked) == 1:
            assert applied[min(linked), ts * DAY] == 1
        else:
            assert not [who for who, when in applied if when == ts * DAY and who != user_of[alias]]


def test_a_stream_in_which_each_record_bears_both_ids_costs_one_message_a_pair() -> None:
    found = identities(Users())
    batch = Batch.of([of(f"u-{n % 3}", n, f"a-{n % 3}") for n in range(30)])
    assert [event.identity for event in found.sort(batch, ["product-events/0"]).told] == [
        Claim(f"u-{n}", How.ANONYMOUS) for n in range(3)
    ]
