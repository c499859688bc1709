"""A batch: cut, joined and put in another order, everything that belongs to an event stays with it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streams.core.batch import Batch
from streams.core.events import Event

IDS = st.sampled_from([None, "", "a", "b", "日本"])


def event(number: int, message_id: str | None = None) -> Event:
    return Event(f"u-{number}", number, "A", True, message_id, {}, {})


batches = st.lists(st.builds(event, st.integers(0, 99), IDS), max_size=8).map(
    lambda events: Batch.of(events, [7 * each.ts for each in events])
)


def parts(batch: Batch) -> list[tuple[Event, int, int, int]]:
    return list(zip(batch.events, batch.ts.tolist(), batch.ids.tolist(), batch.offsets.tolist(), strict=True))


@given(batches)
def test_times_and_offsets_are_those_of_the_events(batch: Batch) -> None:
    assert batch.ts.tolist() == [each.ts for each in batch.events]
    assert batch.offsets.tolist() == [7 * each.ts for each in batch.events]
    assert len(batch) == len(batch.events)


def test_without_offsets_the_places_are_the_offsets() -> None:
    assert Batch.of([event(5), event(3)]).offsets.tolist() == [0, 1]
    assert len(Batch.of([])) == 0


def test_equal_message_ids_are_equal_words_and_none_is_zero() -> None:
    ids = Batch.of([event(i, each) for i, each in enumerate(["a", None, "b", "a", ""])]).ids.tolist()
    assert ids[0] == ids[3] != ids[2]
    assert [place for place, each in enumerate(ids) if each == 0] == [1, 4]


@given(st.lists(batches, max_size=4))
def test_joined_batches_follow_one_another(several: list[Batch]) -> None:
    assert parts(Batch.joined(several)) == [part for batch in several for part in parts(batch)]


@given(batches, st.integers(0, 8), st.integers(0, 8))
def test_a_part_is_that_part_of_everything(batch: Batch, start: int, end: int) -> None:
    assert parts(batch[start:end]) == parts(batch)[start:end]


@given(batches, st.data())
def test_what_is_taken_is_in_the_order_of_its_places(batch: Batch, data: st.DataObject) -> None:
    places = data.draw(st.permutations(range(len(batch))))[: len(batch) // 2 + 1]
    assert parts(batch.take(np.array(places, np.int64))) == [parts(batch)[place] for place in places]
