"""How `segmenter dev` shows its company: a live screen in a terminal, plain lines everywhere else.

Comes in: a `ScreenState`, again and again. Goes out: text on a console.
"""

import time
from abc import ABC, abstractmethod
from itertools import islice
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from streams.core.changes import Change
from streams.core.instants import format_time
from streams.demo.screen_state import MOST_SHOWN, NEWEST, ScreenState
from streams.outputs.wording import line_of, story_of, verb_of

STATUS_EVERY_S = 2.0
# On a screen beside segments and changes: status, heads, frame, `and 9 more`, hints, and the line of the cursor.
OTHER_LINES = 11


class View(ABC):
    """A way to show a scene, for the length of a block. `say` is for what happens once."""

    def __init__(self, console: Console):
        self._console = console

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        return None

    def say(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    @abstractmethod
    def show(self, scene: ScreenState, fresh: list[Change]) -> None:
        """How things stand; `fresh` are the changes of the present since the last time."""


class Screen(View):
    """For a terminal: drawn anew in place."""

    def __init__(self, console: Console):
        super().__init__(console)
        self._live = Live(console=console, auto_refresh=False)

    def show(self, scene: ScreenState, fresh: list[Change]) -> None:
        segments, changes = room(self._console.height)
        picture = Group(Text(scene.status(), "bold"), _sizes(scene, segments), _newest(scene, changes), _hints(scene))
        self._live.start()
        self._live.update(picture, refresh=True)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._live.stop()


class Lines(View):
    """For a pipe, a log, a test: a line a change, and where things stand now and then."""

    def __init__(self, console: Console):
        super().__init__(console)
        self._next_status_s = 0.0

    def show(self, scene: ScreenState, fresh: list[Change]) -> None:
        for change in fresh:
            self.say(line_of(change))
        if time.monotonic() >= self._next_status_s:
            self._next_status_s = time.monotonic() + STATUS_EVERY_S
            sizes = "   ".join(f"{name} {scene.size(name)}" for name in scene.shown())
            self.say(f"-- {scene.status()}   {sizes}")


def view_for(console: Console) -> View:
    return Screen(console) if console.is_terminal else Lines(console)


def room(height: int) -> tuple[int, int]:
    """How many segments and how many changes a screen of so many lines has room for; what goes beyond it is cut off,
    and the hints would be the first to go.

    >>> room(24), room(60)
    ((7, 6), (14, 12))
    """
    lines = max(2, height - OTHER_LINES)
    changes = min(NEWEST, lines // 2)
    return min(MOST_SHOWN, lines - changes), changes


def _sizes(scene: ScreenState, most: int) -> Table:
    table = Table("segment", "", "members", "entered", "left", box=None, pad_edge=False, header_style="dim")
    for column in table.columns[2:]:
        column.justify = "right"
    shown = scene.shown(most)
    largest = max([1, *map(scene.size, shown)])
    for name in shown:
        size = scene.size(name)
        bar = ProgressBar(total=largest, completed=size, width=40)
        table.add_row(name, bar, f"{size:,}", f"{scene.entered[name]:,}", f"{scene.exited[name]:,}")
    if len(shown) < len(scene.segments):
        table.add_row(Text(f"and {len(scene.segments) - len(shown)} more", "dim"))
    return table


def _newest(scene: ScreenState, most: int) -> Panel:
    table = Table("when", "user", "", "segment", "because", box=None, pad_edge=False, header_style="dim", expand=True)
    table.columns[4].ratio = 1
    for column in table.columns:
        column.no_wrap, column.overflow = True, "ellipsis"
    for change in islice(reversed(scene.newest), most):
        style = "green" if change.entered else "yellow"
        when = format_time(change.occurred_at)[5:16].replace("T", " ")
        table.add_row(
            when,
            change.subject,
            Text(verb_of(change), style),
            Text(change.segment, style),
            Text(story_of(change)),
        )
    return Panel(table, title="newest changes", title_align="left", height=most + 3, border_style="dim")


def _hints(scene: ScreenState) -> Text:
    commands = (f"    {line}" for line in scene.how_to_join)
    return Text("\n".join(["In another terminal:", *commands, "Ctrl-C stops all of it."]))
