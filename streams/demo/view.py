"""A way to show how the company stands: what a screen in a terminal and lines in a log have in common.

Comes in: a `ScreenState`, again and again. Goes out: text on a console.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from rich.console import Console

from streams.core.changes import Change
from streams.demo.screen_state import Example, ScreenState


class View(ABC):
    """Shows a state, for the length of a block. `say` is for what happens once.

    environment: the file that tells another terminal where everything is. app: where a browser finds the company's app,
    once it is known.
    """

    app = ""

    def __init__(self, console: Console, environment: str):
        self._console = console
        self._environment = environment

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        return None

    def say(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    @abstractmethod
    def show(self, state: ScreenState, fresh: list[Change]) -> None:
        """How things stand; `fresh` are the changes of the present since the last time."""

    def hints(self, example: Example) -> Iterator[str]:
        """What to type in another terminal, and it works there."""
        yield "In another terminal:"
        yield f"    . {self._environment}"
        yield f"    segmenter watch --segment {example.segment}"
        yield f"    segmenter explain {example.user} --segment {example.segment}"
