"""Texts that no row has any more."""

import numpy as np
import pytest

from streams.core.arrays import Ints
from streams.core.kernel.layout import LIST, NUMBER, TEXT
from streams.core.profiles import texts
from streams.core.profiles.texts import texts_of, unread_texts

WORDS = [1, 3]


def rows(*given: tuple[float, int, float, int]) -> Ints:
    """Of each row two values, each with its kind; the first word is none."""
    values = np.array([(value, other) for value, _, other, _ in given], np.float64).reshape(-1, 2)
    table = np.zeros((len(given), 5), np.int64)
    table[:, WORDS] = values.view(np.int64)
    table[:, [2, 4]] = np.array([(kind, of_other) for _, kind, _, of_other in given], np.int64).reshape(-1, 2)
    return table


def test_the_codes_of_texts_and_lists_are_found_and_numbers_are_none() -> None:
    assert texts_of(rows((5.0, TEXT, 7.0, LIST), (9.0, NUMBER, 5.0, TEXT)), WORDS) == {5, 7}
    assert texts_of(rows(), WORDS) == set()


@pytest.mark.parametrize("size", [1, 2, 10])
def test_what_any_row_has_is_read(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "SLICE", size)
    table = rows((5.0, TEXT, 6.0, TEXT), (7.0, NUMBER, 8.0, LIST), (5.0, TEXT, 9.0, TEXT))
    assert unread_texts(table, WORDS, {5, 6, 7, 8, 9, 10}) == {7, 10}
    assert unread_texts(table, WORDS, set()) == set()
