"""A row is asked for by its cache lines. (What the processor is told is in the tests of `streams.native`.)"""

import numpy as np
import pytest

from streams.core.arrays import Ints
from streams.core.kernel import prefetch
from streams.core.kernel.prefetch import CACHE_LINE_WORDS, ask_for


@pytest.mark.parametrize(
    ("first", "end", "asked"),
    [(0, 1, [0]), (0, CACHE_LINE_WORDS, [0]), (3, 20, [3, 11, 19]), (5, 5, [])],
)
def test_a_word_of_each_cache_line_is_asked_for(
    first: int, end: int, asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[tuple[int, int]] = []
    table = np.arange(48).reshape(2, 24)

    def note(words: Ints, row: int, word: int) -> None:
        assert words is table
        found.append((row, word))

    monkeypatch.setattr(prefetch, "prefetch", note)
    ask_for(table, 1, first, end)
    assert found == [(1, word) for word in asked]
    assert table.tolist() == np.arange(48).reshape(2, 24).tolist()
