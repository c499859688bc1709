"""Which events have been here: each row keeps the newest message ids that it has accepted.

Comes in: a batch's rows and the hashes of its message ids. Goes out: marks on those that repeat, and rows that know the
others.
"""

from streams.core.kernel.jit import entry, inlined
from streams.core.kernel.layout import FEWEST_IDS, IDS
from streams.core.kernel.prefetch import AHEAD, ask_for

# Those that every row keeps have loops of their own: compiled for a known length, they are twice as quick.
FEWEST_END = IDS + FEWEST_IDS


@inlined
def _is_among(words, row, event_id, kept):
    found = False
    for k in range(IDS, FEWEST_END):
        if words[row, k] == event_id:
            found = True
            break
    for k in range(FEWEST_END, IDS + kept):
        if words[row, k] == event_id:
            found = True
            break
    return found


@inlined
def _remember(words, row, event_id, kept):
    for k in range(IDS + kept - 1, FEWEST_END - 1, -1):
        words[row, k] = words[row, k - 1]
    for k in range(FEWEST_END - 1, IDS, -1):
        words[row, k] = words[row, k - 1]
    words[row, IDS] = event_id


@entry
def deduplicate(words, dirty, rows, ids, kept, repeated):
    """Mark the events whose id is among those the row accepted last, as many as are kept, and remember the others. 0 is
    no id."""
    for i in range(len(rows)):
        if i + AHEAD < len(rows):
            ask_for(words, rows[i + AHEAD], IDS, FEWEST_END)
        row, event_id = rows[i], ids[i]
        if event_id == 0:
            continue
        if _is_among(words, row, event_id, kept):
            repeated[i] = 1
        else:
            _remember(words, row, event_id, kept)
            dirty[row] = 1
