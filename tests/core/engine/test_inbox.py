"""The merge of a shard's inputs, against docs/semantics.md#the-order-of-events: the head with the smallest time."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from streams.core.batch import Batch
from streams.core.engine.inbox import Inbox
from streams.core.engine.shard import Shard
from streams.core.events import Event
from streams.core.rules.rulebook import Rulebook

TIMES = st.lists(st.integers(0, 6), max_size=8)
SOURCES = ("product-events", "billing-updates", "rerouted-events")


def event(source: str, place: int, ts: int) -> Event:
    return Event(source, ts, "", False, str(place), {}, {})


def events(source: str, times: Sequence[int]) -> list[Event]:
    return [event(source, place, ts) for place, ts in enumerate(times)]


def merged_by_heads(streams: dict[str, list[Event]]) -> list[Event]:
    """The page, word for word."""
    waiting = {source: list(each) for source, each in streams.items()}
    merged: list[Event] = []
    while any(waiting.values()):
        heads = [(each[0].ts, SOURCES.index(source), source) for source, each in waiting.items() if each]
        merged.append(waiting[min(heads)[2]].pop(0))
    return merged


FETCHES = st.lists(st.tuples(st.sampled_from(SOURCES), st.integers(0, 3), st.integers(0, 4)), max_size=12)


@given(st.tuples(TIMES, TIMES, TIMES), FETCHES)
def test_however_fetches_come_the_merge_is_that_of_the_heads(
    times: tuple[list[int], ...], fetches: list[tuple[str, int, int]]
) -> None:
    streams = {source: events(source, each) for source, each in zip(SOURCES, times, strict=True)}
    inbox, taken, fetched = Inbox(SOURCES), [], dict.fromkeys(SOURCES, 0)
    for source, records, limit in [*fetches, *((source, 8, 24) for source in SOURCES)]:
        start = fetched[source]
        stop = fetched[source] = min(len(streams[source]), start + records)
        inbox.add(source, Batch.of(streams[source][start:stop], range(start, stop)), stop)
        inbox.caught_up[source] = stop == len(streams[source])
        taken += inbox.take(limit).events
        for heard_of, position in inbox.positions().items():
            assert position == sum(each.subject == heard_of for each in taken)
    assert taken == merged_by_heads(streams)


def test_a_source_with_unread_records_of_which_none_is_fetched_holds_the_others_back() -> None:
    inbox = Inbox(SOURCES[:2])
    inbox.add("product-events", Batch.of(events("product-events", [1, 2])), 2)
    assert len(inbox.take(10)) == 0
    inbox.caught_up["billing-updates"] = True
    assert [each.ts for each in inbox.take(10).events] == [1, 2]


def test_what_a_source_may_still_bring_is_waited_for() -> None:
    inbox = Inbox(SOURCES[:2])
    inbox.add("product-events", Batch.of(events("product-events", [1, 5, 9])), 3)
    inbox.add("billing-updates", Batch.of(events("billing-updates", [4])), 1)
    inbox.caught_up["product-events"] = True
    assert [each.ts for each in inbox.take(10).events] == [1, 4]
    assert inbox.held("product-events") == 2


def test_on_a_tie_product_events_go_first_whatever_was_fetched_first() -> None:
    inbox = Inbox(SOURCES[:2])
    inbox.add("billing-updates", Batch.of(events("billing-updates", [7])), 1)
    inbox.add("product-events", Batch.of(events("product-events", [7])), 1)
    inbox.caught_up |= dict.fromkeys(SOURCES[:2], True)
    assert [each.subject for each in inbox.take(10).events] == ["product-events", "billing-updates"]


def test_a_position_passes_records_that_were_no_events() -> None:
    inbox = Inbox(SOURCES[:1])
    inbox.add("product-events", Batch.of(events("product-events", [1, 2]), [10, 13]), 20)
    assert inbox.positions() == {"product-events": 10}
    inbox.caught_up["product-events"] = True
    inbox.take(1)
    assert inbox.positions() == {"product-events": 13}
    inbox.take(1)
    assert inbox.positions() == {"product-events": 20}


@given(TIMES, TIMES, st.lists(st.tuples(st.integers(0, 8), st.integers(0, 4)), max_size=8))
def test_what_waits_for_something_before_it_holds_the_others_back(
    held: list[int], other: list[int], bounds: list[tuple[int, int]]
) -> None:
    streams = {source: events(source, each) for source, each in zip(SOURCES, (held, other, []), strict=True)}
    inbox, taken = Inbox(SOURCES), []
    for source, some in streams.items():
        inbox.add(source, Batch.of(some), len(some))
        inbox.caught_up[source] = True
    for bound, limit in sorted(bounds):
        taken += inbox.take(limit, {SOURCES[0]: bound}).events
        assert inbox.positions()[SOURCES[0]] <= bound
    assert [*taken, *inbox.take(16).events] == merged_by_heads(streams)


def test_a_shard_that_is_loaded_again_has_come_as_far_as_before() -> None:
    """Else what it then tells others had its turn, where a lost state is made anew, before what had led to it."""
    shard = Shard(Rulebook(()))
    shard.step(Batch.of([Event("ann", 7, "", False, "a", {}, {}), Event("ann", 9, "Signed In", True, "b", {}, {})]))
    loaded = Shard.restore(Rulebook(()), shard.head(), shard.take_dirty().rows, {})
    inbox = Inbox(["product-events"], loaded.reached_ms)
    inbox.add("product-events", Batch.of(events("late", [3, 12])), 2)
    inbox.caught_up["product-events"] = True
    assert inbox.take(9).turns.tolist() == [9, 12]
    assert inbox.reached_ms == 12
