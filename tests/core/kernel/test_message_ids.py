"""Which events have been here: the newest ids of a row."""

import numpy as np

from streams.core.kernel.message_ids import deduplicate
from tests.core.kernel.kernel import Kernel


def test_an_id_among_those_that_are_kept_is_a_repeat_and_one_that_is_none_never() -> None:
    kernel = Kernel(asked='count("A") > 9')
    kept = kernel.profile.catalog.remembered_ids
    ids = [1, 0, 2, 1, 0, *range(3, kept + 2), 2, 1]
    repeated = np.zeros(len(ids), np.uint8)
    rows = np.full(len(ids), kernel.row)
    deduplicate(kernel.w, kernel.memory.dirty, rows, np.array(ids), kept, repeated)
    assert np.flatnonzero(repeated).tolist() == [3, len(ids) - 2]  # the 1 has been forgotten meanwhile
    assert kernel.memory.dirty[kernel.row] == 1
