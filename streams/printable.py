"""Foreign text on a terminal: an id, a trait or an event's name may hold what moves the cursor or clears the screen."""


def printable(text: str) -> str:
    r"""The text, with what no terminal should obey written as an escape.

    >>> printable("zoë 用户一"), printable("ann\x1b[2J\nbob")
    ('zoë 用户一', 'ann\\x1b[2J\\nbob')
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
