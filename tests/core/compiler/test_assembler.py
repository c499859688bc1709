"""Words of a program as they are written, and where each begins."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streams.core.compiler.assembler import Assembler, number_bits
from streams.core.kernel.layout import HEADER_WORDS


@given(st.floats())
def test_a_number_is_written_as_the_bits_that_numpy_has(number: float) -> None:
    assert number_bits(number) == np.array([number]).view(np.int64)[0]


def test_words_follow_one_another_behind_room_for_the_header() -> None:
    out = Assembler()
    assert [out.put([7, 8]), out.put([]), out.put(iter([9]))] == [HEADER_WORDS, HEADER_WORDS + 2, HEADER_WORDS + 2]
    assert out.words == [0] * HEADER_WORDS + [7, 8, 9]


def test_what_is_shared_is_written_once_and_what_is_put_each_time() -> None:
    out = Assembler()
    one, other = out.share((1, 2)), out.share((1, 3))
    assert out.share((1, 2)) == one != other
    assert out.put((1, 2)) not in (one, other)
    assert out.words[HEADER_WORDS:] == [1, 2, 1, 3, 1, 2]


def test_a_list_begins_with_how_many_there_are_and_pairs_with_how_many_pairs() -> None:
    out = Assembler()
    out.put_list([5, 6, 7])
    out.put_pairs([(1, 2), (3, 4)])
    out.put_list([])
    assert out.words[HEADER_WORDS:] == [3, 5, 6, 7, 2, 1, 2, 3, 4, 0]
