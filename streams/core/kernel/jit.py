"""Which functions the kernel is made of. They run as they are, or compiled: the same ones.

Comes in: a function of scalars and arrays. Goes out: the same function, noted for `streams.native`, which compiles
what is noted here. Compiled, a division by zero gives inf or NaN, as IEEE says, and an index never counts from the end.
"""

from collections.abc import Callable
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


class Entry:
    """A function that Python calls.

    function: as it is. run: what is run when it is called; machine code, once there is some.
    """

    def __init__(self, function: Callable[..., Any]):
        self.function = self.run = function

    def __call__(self, *args: Any) -> Any:
        return self.run(*args)


ENTRIES: list[Entry] = []
INNER: dict[Callable[..., Any], bool] = {}  # called by the kernel's functions alone; whether it is always inlined


def entry(function: Callable[..., Any]) -> Entry:
    """Note a function that Python calls."""
    noted = Entry(function)
    ENTRIES.append(noted)
    return noted


def compiled(function: Function) -> Function:
    """Note a function that only the kernel's functions call."""
    INNER[function] = False
    return function


def inlined(function: Function) -> Function:
    """The same, compiled into each of its callers: what is small, and called for every event."""
    INNER[function] = True
    return function
