"""Whole numbers as strangers write them: of so few digits that reading them is nothing."""

from typing import Final

MOST_DIGITS: Final = 18


def whole(text: str) -> int | None:
    """None where it is none, or too great for anything that is asked for.

    >>> whole("25"), whole("-1"), whole("9" * 5_000)
    (25, None, None)
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None
