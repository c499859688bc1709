"""Which servers this process has reached: one of them at which nobody listens now is away, and not somewhere else.

Comes in: addresses, as the settings have them, once they have answered. Goes out: what to say of one at which nobody
listens.
"""

from typing import Final

_reached: Final[set[str]] = set()


def has_answered(address: str) -> None:
    _reached.add(address)


def nobody_listens(address: str, setting: str) -> str:
    """setting: the one that names the address."""
    if address in _reached:
        return "does not answer: nobody listens there now, where it has answered before"
    return f"does not answer: nobody listens there. {setting} says where it is"
