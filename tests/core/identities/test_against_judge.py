"""Linked is as if the records had come late under the user's id, and merged as if all had always been of one: the
engine against the naive judge.
"""

from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.core.events import Event
from streams.core.identities.identities import Identities
from streams.core.links import How, Link, Linking, Unlinked
from streams.core.merges import Merge as Command
from streams.core.rules.rulebook import Rulebook
from tests import strategies as made
from tests.core.harness import Changes, Engine, owed
from tests.core.identities.people import STEPS, Item, Step, history
from tests.core.identities.played import KEEP_MS, run
from tests.oracle import Merge, judge
from tests.oracle.identities import named
from tests.rulebooks import rulebook

VISITORS, CUSTOMERS, USERS = ("a-1", "a-2"), ("cus_1",), ("ann", "dan", "cy")
LINKS = st.builds(Link, st.sampled_from(VISITORS), st.sampled_from((How.ANONYMOUS, How.ALIAS)))
LINKS |= st.builds(Link, st.sampled_from(CUSTOMERS), st.sampled_from((How.CUSTOMER, How.TRAIT)))


@st.composite
def histories(draw: st.DrawFn) -> list[Event | int]:
    """As they are made for users, with some of the records under aliases alone, and some that say whose they are."""
    found: list[Event | int] = []
    for arrival in draw(made.arrivals()):
        sort = draw(st.sampled_from(("plain", "unlinked", "linking", "handed over")))
        if isinstance(arrival, int) or sort == "plain":
            found.append(arrival)
        elif sort == "handed over":
            is_update = arrival.touches_ledger and arrival.name and "subscription_id" in arrival.properties
            had = draw(st.sampled_from(USERS))
            found.append(replace(arrival, identity=Linking((), had)) if is_update else arrival)
        elif sort == "linking":
            links = draw(st.lists(LINKS, min_size=1, max_size=2, unique_by=lambda link: link.alias))
            found.append(replace(arrival, identity=Linking(tuple(links))))
        else:
            alias = draw(st.sampled_from((*VISITORS, *CUSTOMERS)))
            properties = dict(arrival.properties)
            if alias in CUSTOMERS and arrival.touches_ledger:
                properties["customer"] = alias
            found.append(replace(arrival, subject=alias, properties=properties, identity=Unlinked()))
    return found


@settings(max_examples=1 + settings().max_examples // 10)
@given(made.rulebooks(most=2), histories(), st.sets(st.integers(0, 25)))
def test_linked_is_as_if_the_records_had_come_late_under_the_users_id(
    rulebook: Rulebook, arrivals: list[Event | int], cuts: set[int]
) -> None:
    assert run(rulebook, arrivals, cuts) == owed(rulebook, named(arrivals, KEEP_MS))


@given(histories())
def test_all_that_is_known_of_an_alias_is_as_the_judge_has_it(arrivals: list[Event | int]) -> None:
    engine = Engine(Rulebook(()))
    identities = Identities.empty(engine.shard, KEEP_MS)
    applied = identities.at_once([arrival for arrival in arrivals if isinstance(arrival, Event)])
    assert [replace(event, identity=None) for event in applied] == [
        event for event in named(arrivals, KEEP_MS) if isinstance(event, Event)
    ]


def lived(rules: Rulebook, items: list[Item], in_one: bool) -> Changes:
    """In one batch between two instants, or each by itself."""
    engine = Engine(rules)
    identities = Identities.empty(engine.shard, KEEP_MS)
    batch: list[Event] = []
    for item in [*items, made.END_MS]:
        if isinstance(item, Merge):
            batch.append(replace(_command(item), message_id=item.message_id))
        elif isinstance(item, Event):
            batch.append(item)
        if isinstance(item, int) or not in_one:
            for turn in identities.turns(batch):
                engine.report(identities.take_changes())
                engine.apply(turn)
            engine.report(identities.take_changes())
            batch = []
        if isinstance(item, int):
            engine.pass_time(item)
    return engine.reported


def _command(merge: Merge) -> Event:
    return Event(merge.gone, merge.ts, "", False, None, {}, {}, identity=Command(merge.into))


COUNTED: Final = rulebook(
    **{f"seen-{n}": f"count(any) >= {n}" for n in range(1, 9)}, payer="mrr >= 20", more="mrr >= 40"
)


@given(st.lists(STEPS, max_size=14), st.booleans())
def test_linked_and_merged_is_as_if_always_one(steps: list[Step], in_one: bool) -> None:
    """Each record counts, so that none is lost or counted twice unseen."""
    items = history(steps)
    expected = judge(COUNTED, named(items, KEEP_MS), made.END_MS)
    assert lived(COUNTED, items, in_one) == {user: changes for user, changes in expected.items() if changes}
