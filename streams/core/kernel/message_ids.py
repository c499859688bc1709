"""Which events have been here: each row keeps the newest message ids that it has accepted.

Comes in: a batch's rows and the hashes of its message ids. Goes out: marks on those that repeat, and rows that know the
others.
"""

from streams.core.kernel.jit import entry
from streams.core.kernel.layout import IDS
from streams.core.kernel.prefetch import AHEAD, ask_for


@entry
def deduplicate(words, dirty, rows, ids, kept, repeated):
    """Mark the events whose id is among those the row accepted last, as many as are kept, and remember the others. 0 is
    no id."""
    for i in range(len(rows)):
        if i + AHEAD < len(rows):
            ask_for(words, rows[i + AHEAD], IDS, IDS + kept)
        row, event_id = rows[i], ids[i]
        if event_id != 0:
            for k in range(IDS, IDS + kept):
                if words[row, k] == event_id:
                    repeated[i] = 1
                    break
            if not repeated[i]:
                for k in range(IDS + kept - 1, IDS, -1):
                    words[row, k] = words[row, k - 1]
                words[row, IDS] = event_id
                dirty[row] = 1
