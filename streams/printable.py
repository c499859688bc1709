"""Foreign text on a terminal: an id, a trait or an event's name may hold what moves the cursor or clears the screen,
and what a shell takes for something else where it is typed there.
"""

import shlex
from typing import Final

JOINERS: Final = "\u200c\u200d"


def printable(text: str) -> str:
    r"""The text, with what no terminal should obey written as an escape.

    >>> printable("zoë 用户一 👩\u200d💻"), printable("ann\x1b[2J\nbob\u200d")
    ('zoë 用户一 👩\u200d💻', 'ann\\x1b[2J\\nbob\\u200d')
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or _joins(text, place) else ascii(char)[1:-1] for place, char in enumerate(text)
    )


def command_line(*words: str) -> str:
    """A command of ours, as whoever is told of it can type it.

    >>> command_line("merge", "ann smith", "--into", "bob")
    "segmenter merge 'ann smith' --into bob"
    """
    return " ".join(["segmenter", *(shlex.quote(printable(word)) for word in words)])


def _joins(text: str, place: int) -> bool:
    """Whether it is what makes one of two: a family or a trade of emoji, letters of Persian or Hindi."""
    around = text[place - 1 : place] + text[place + 1 : place + 2]
    return text[place] in JOINERS and len(around) == 2 and around.isprintable() and not any(map(str.isascii, around))
