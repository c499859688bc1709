"""What an 8-byte word can hold, against numpy's own view of the same bytes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streams.core.kernel.bits import add_to_half, bits_of, clear_half, half, real_of

PLACE, COUNTS = 1, 5  # they begin behind another word, and end in the middle of one


@given(st.floats())
def test_a_double_is_the_same_bits_as_a_word_and_back(number: float) -> None:
    word = bits_of(number)
    assert word == np.array([number]).view(np.int64)[0]
    assert np.array_equal(real_of(word), number, equal_nan=True)


@given(st.lists(st.tuples(st.integers(0, COUNTS - 1), st.integers(0, 2**20) | st.none())))
def test_counts_of_half_a_word_do_not_disturb_each_other(work: list[tuple[int, int | None]]) -> None:
    """A number is added to a count; None clears it."""
    words, counts = np.full((2, PLACE + 3), -7), np.zeros(COUNTS, np.uint32)
    words[1, PLACE:] = 0
    for i, number in work:
        if number is None:
            clear_half(words, 1, PLACE, i)
            counts[i] = 0
        else:
            add_to_half(words, 1, PLACE, i, number)
            counts[i] += number
        assert [half(words, 1, PLACE, each) for each in range(COUNTS)] == counts.tolist()
    assert words[1, PLACE:].view(np.uint32)[:COUNTS].tolist() == counts.tolist()
    assert (words[0] == -7).all()
    assert words[1, 0] == -7


def test_a_count_is_taken_back_from_either_half() -> None:
    words = np.zeros((1, 1), np.int64)
    for i, number in [(0, 3), (1, 5), (0, -1), (1, -5)]:
        add_to_half(words, 0, 0, i, number)
    assert [half(words, 0, 0, 0), half(words, 0, 0, 1)] == [2, 0]
