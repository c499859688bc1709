"""Text that fits the terminal: in columns, or in lines under each other. Words are never broken, and a letter counts
for as many cells as a terminal gives it: one, or two for those of Chinese and for pictures.

>>> print(*in_columns([("topic", "partitions"), ("dead-letters", "4")]), sep="\\n")
topic         partitions
dead-letters  4
>>> print(*in_columns([("no", "count(any, days=30) >= 20", "is 4"), ("yes", "paying", "is true")], width=33), sep="\\n")
no   count(any, days=30)  is 4
     >= 20
yes  paying               is true
>>> print(*in_columns([("\u5f20\u4f1f", "pro"), ("ann", "team")]), sep="\\n")
\u5f20\u4f1f  pro
ann   team
"""

import textwrap
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Final

from rich.cells import cell_len

WIDTH: Final = 80  # of every terminal, and of what is read in a mail or a ticket later
GAP: Final = "  "
NO_BREAK: Final = "\xa0"
SECOND_CELL: Final = "\x00"  # stands for that of a wide letter, while lines are broken
LONGEST_UNBROKEN: Final = 70


def in_columns(rows: Sequence[Sequence[str]], width: int | None = None) -> Iterator[str]:
    """A line a row, so that it can be searched and piped on; with a `width`, as many lines as its cells need."""
    columns = list(zip(*rows, strict=True))
    widths = [max(map(cell_len, column)) for column in columns]
    if width is not None:
        _narrow(widths, [_longest_word(column) for column in columns], width - len(GAP) * (len(columns) - 1))
    for row in rows:
        cells = [_wrapped(cell, own) for cell, own in zip(row, widths, strict=True)]
        for parts in zip_longest(*cells, fillvalue=""):
            filled = (part + " " * (own - cell_len(part)) for part, own in zip(parts, widths, strict=True))
            yield GAP.join(filled).rstrip()


def _narrow(widths: list[int], least: Sequence[int], room: int) -> None:
    """Take from the widest columns what there is no room for, but no word its place."""
    while sum(widths) > room:
        wide = [place for place, own in enumerate(widths) if own > least[place]]
        if not wide:
            return
        widths[max(wide, key=widths.__getitem__)] -= 1


def _longest_word(column: Sequence[str]) -> int:
    return max((cell_len(word) for cell in column for word in cell.split(" ")), default=0)


def in_lines(text: str, indent: str = "", width: int = WIDTH) -> list[str]:
    """A sentence; what follows its first line stands further in."""
    return _wrapped(text, width, indent, indent + "    ")


def unbroken(text: str) -> str:
    """A part of a sentence that stays in one line, where one has room for it.

    >>> in_lines(f"lifecycle: {unbroken('idle_days >= 30 (is 2)')}", width=30)
    ['lifecycle:', '    idle_days >= 30 (is 2)']
    """
    return text.replace(" ", NO_BREAK) if len(text) <= LONGEST_UNBROKEN else text


def _wrapped(text: str, width: int, first: str = "", others: str = "") -> list[str]:
    wrapper = textwrap.TextWrapper(
        max(1, width), initial_indent=first, subsequent_indent=others, break_long_words=False, break_on_hyphens=False
    )
    lines = wrapper.wrap(text if text.isascii() else "".join(map(_in_cells, text)))
    return [line.replace(NO_BREAK, " ").replace(SECOND_CELL, "") for line in lines] or [""]


def _in_cells(letter: str) -> str:
    return letter + SECOND_CELL * (cell_len(letter) - 1)
