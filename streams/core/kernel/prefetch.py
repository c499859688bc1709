"""Asking for a row before it is needed.

Comes in: a table of words and a row. Goes out: nothing; the processor is asked to fetch the row's words from memory,
which takes longer than applying an event, while it goes on with the events before. Not compiled, it does nothing.
"""

from streams.core.kernel.jit import inlined

CACHE_LINE_WORDS = 8
AHEAD = 4  # by so many events, rows are asked for before they are needed


def prefetch(words, row, word):
    """Ask for one word. `streams.native.prefetch` has the processor's instruction for it."""


@inlined
def ask_for(words, row, first, end):
    """Ask for the words first .. end - 1 of a row."""
    for word in range(first, end, CACHE_LINE_WORDS):
        prefetch(words, row, word)
