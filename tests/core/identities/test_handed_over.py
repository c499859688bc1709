"""A subscription that moves to another user counts for one of them, wherever they live and whatever comes twice."""

from collections import deque

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.core.batch import Batch
from streams.core.events import Event, Value
from streams.core.identities.aliases import Aliases
from streams.core.identities.identities import Identities
from streams.core.identities.owners import Owners
from streams.core.links import Handed, How, Linking, PassedOn, Unlinked
from streams.core.profiles.ledger import Ledger
from streams.testing import parse_rules
from tests.core.harness import owed
from tests.core.identities.made import DAY, of, state
from tests.core.identities.played import run
from tests.core.identities.users import Users, identities
from tests.oracle.identities import named
from tests.strategies import START_MS

USERS = ("ann", "bob", "cy")
RULES = parse_rules("segment: pays\nenter: mrr >= 20\n", 'segment: churned\nenter: count("MRR Churn") >= 1\n')


def update(
    user: str, at: int, had: str | None = None, mrr: float = 20.0, order: int = 2, which: str = "sub_1"
) -> Event:
    said: dict[str, Value] = {"subscription_id": which, "status": "active", "mrr": mrr, "customer": None}
    name = "Subscription Updated"
    return Event(user, at, name, False, f"evt-{user}-{at}-{order}", said, {}, True, order, Linking((), had))


@st.composite
def histories(draw: st.DrawFn) -> list[Event | int]:
    """Some late, some of one second, and some that say a subscription was somebody's who never had it."""
    sent = draw(
        st.lists(
            st.tuples(
                st.builds(
                    update,
                    st.sampled_from(USERS),
                    st.integers(0, 6).map(lambda day: START_MS + day * DAY),
                    st.sampled_from((None, *USERS)),
                    st.sampled_from((20.0, 40.0)),
                    st.sampled_from((0, 2, 2, 2)),
                    st.sampled_from(("sub_1", "sub_1", "sub_2")),
                ),
                st.sampled_from((0, 0, 0, DAY, 3 * DAY)),
            ),
            max_size=12,
        )
    )
    return [event for event, late in sorted(sent, key=lambda pair: pair[0].ts + pair[1])]


@given(histories(), st.sets(st.integers(0, 12)))
def test_the_changes_are_those_that_the_judge_works_out(arrivals: list[Event | int], cuts: set[int]) -> None:
    assert run(RULES, arrivals, cuts) == owed(RULES, named(arrivals))


class Homes:
    """Shards that work off what they are sent by the times at its heads, and tell each other, some of it twice."""

    def __init__(self, sent: list[Event]):
        self.users = [Users() for _ in USERS]
        self.running = [identities(users) for users in self.users]
        self.sent: list[deque[Event]] = [deque() for _ in USERS]
        self.told: list[deque[Event]] = [deque() for _ in USERS]
        for event in sent:
            self.sent[self.home(event.subject)].append(event)
        self.ledgers: dict[str, Ledger] = {}

    def home(self, subject: str) -> int:
        return sum(subject.encode()) % len(USERS)

    def work(self, shard: int, is_told_twice: bool) -> bool:
        """One event; whether there was any."""
        waiting = [each for each in (self.sent[shard], self.told[shard]) if each]
        if not waiting:
            return False
        event = min(waiting, key=lambda each: each[0].ts).popleft()
        found = self.running[shard].sort(Batch.of([event]), ["billing-updates/0"])
        for applied in found.apply.events:
            self.users[shard].known.add(applied.subject)
            self.ledgers.setdefault(applied.subject, Ledger()).fold(applied)
        for told in found.told * (1 + is_told_twice):
            self.told[self.home(told.subject)].append(told)
        return True

    def settle(self) -> None:
        while any(self.work(shard, is_told_twice=False) for shard in range(len(USERS))):
            pass


@given(st.lists(st.sampled_from(USERS), min_size=1, max_size=8), st.lists(st.tuples(st.integers(0, 2), st.booleans())))
def test_whoever_has_it_last_has_it_alone_whatever_is_told_twice(
    holders: list[str], steps: list[tuple[int, bool]]
) -> None:
    before = [None, *holders]
    homes = Homes([update(user, at, before[at]) for at, user in enumerate(holders)])
    for step in steps:
        homes.work(*step)
    homes.settle()
    assert {user: ledger.traits["mrr"] for user, ledger in homes.ledgers.items()} == {
        user: 20.0 if user == holders[-1] else 0.0 for user in holders
    }


def handed(found: Identities, *events: Event) -> list[tuple[str, str]]:
    return [(event.subject, event.name) for event in found.at_once(events)]


def test_who_had_it_is_told_before_it_counts_for_the_other() -> None:
    users = Users()
    users.known.add("ann")
    assert handed(identities(users), update("bob", 5, "ann")) == [("bob", "Subscription Updated"), ("ann", "")]


def test_whoever_never_was_seen_or_has_it_herself_hears_nothing() -> None:
    found = identities(Users())
    assert handed(found, update("bob", 5, "ann"), update("bob", 6, "bob")) == [("bob", "Subscription Updated")] * 2


def test_of_a_customer_whoever_is_linked_to_it_loses_it_and_the_next_one_does_not_get_it() -> None:
    users = Users()
    users.known |= {"ann", "bob", "cy"}
    found = identities(users)
    assert handed(found, of("ann", 1, "cus_1", how=How.CUSTOMER), state("cus_1", 2)) == [
        ("ann", "Signed In"),
        ("ann", "Subscription Updated"),
    ]
    assert handed(found, update("bob", 3, "cus_1")) == [("bob", "Subscription Updated"), ("ann", "")]
    assert handed(found, of("cy", 4, "cus_1", how=How.CUSTOMER)) == [("cy", "Signed In"), ("ann", "")]


def test_what_waits_under_a_customer_is_not_passed_on_where_a_user_was_named_since() -> None:
    found = identities(Users())
    late = state("cus_1", 5)
    assert handed(found, state("cus_1", 1), late, update("bob", 3, "cus_1")) == [("bob", "Subscription Updated")]
    assert [one.event.ts for one in found.aliases.records("cus_1")] == [5]


def test_whoever_is_the_user_by_an_alias_keeps_it() -> None:
    users = Users()
    users.known.add("ann")
    found = identities(users, Aliases(90 * DAY), Owners())
    found.at_once([of("ann", 1, "cus_1", how=How.CUSTOMER)])
    now = replace(state("cus_1", 2), identity=Unlinked(had="ann"))
    told = found.sort(Batch.of([now]), ["billing-updates/0"]).told
    assert [type(event.identity) for event in told] == [Handed, PassedOn]
    assert handed(found, *told) == [("ann", "Subscription Updated")]
