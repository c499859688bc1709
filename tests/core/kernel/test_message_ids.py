"""Which events have been here: the newest ids of a row."""

import numpy as np
import pytest

from streams.core.kernel.layout import FEWEST_IDS, IDS
from streams.core.kernel.message_ids import deduplicate


@pytest.mark.parametrize("kept", [FEWEST_IDS, FEWEST_IDS + 1, 40])
def test_an_id_among_those_that_are_kept_is_a_repeat_and_one_that_is_none_never(kept: int) -> None:
    words, dirty = np.zeros((1, IDS + kept + 1), np.int64), np.zeros(1, np.int64)
    ids = [1, 0, 2, 1, 0, *range(3, kept + 2), 2, 1]
    repeated = np.zeros(len(ids), np.uint8)
    deduplicate(words, dirty, np.zeros(len(ids), np.int64), np.array(ids), kept, repeated)
    assert np.flatnonzero(repeated).tolist() == [3, len(ids) - 2]  # the 1 has been forgotten meanwhile
    assert words[0, IDS:].tolist() == [1, *range(kept + 1, 2, -1), 0]  # nothing behind its own words is written
    assert dirty[0] == 1
