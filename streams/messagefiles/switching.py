"""A message file switched on or off, with all else as somebody wrote it: comments, order and quotes stay.

Comes in: the file's text. Goes out: the same, with another `state`.
"""

import re
from typing import Final, Literal

State = Literal["live", "off"]

_STATE: Final = re.compile(r"""^state:[ \t]*(?:"[^"\n]*"|'[^'\n]*'|[^\s#]*)""", re.MULTILINE)
_NAME: Final = re.compile(r"^message:.*(?:\n|\Z)", re.MULTILINE)


def switched(text: str, state: State) -> str:
    r"""Below its name, where the file did not say so yet. Only keys of the file itself begin a line without a space.

    >>> switched("message: hi\nstate: off  # until May\ntitle: Hi\n", "live")
    'message: hi\nstate: live  # until May\ntitle: Hi\n'
    >>> switched("message: hi\ntitle: Hi\n", "off")
    'message: hi\nstate: off\ntitle: Hi\n'
    """
    if _STATE.search(text):
        return _STATE.sub(f"state: {state}", text, count=1)
    return _NAME.sub(lambda found: f"{found[0].rstrip()}\nstate: {state}\n", text, count=1)
