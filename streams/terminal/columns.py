"""Text in columns, whole and in one line a row, so that it can be searched and piped on.

>>> print(*in_columns([("topic", "partitions"), ("dead-letters", "4")]), sep="\\n")
topic         partitions
dead-letters  4
"""

from collections.abc import Iterator, Sequence


def in_columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
