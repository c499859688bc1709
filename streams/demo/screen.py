"""How `segmenter dev` shows its company in a terminal: drawn anew in place.

Comes in: a `ScreenState`, again and again. Goes out: a picture that fits into the terminal.
"""

import time
from itertools import islice
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from streams.core.changes import Change
from streams.core.instants import format_time
from streams.demo.screen_state import NEWEST, Activity, ScreenState
from streams.demo.view import View
from streams.outputs.wording import story_of, verb_of

DRAWS_EVERY_S = 0.1
# Status, heads of the segments, rules not shown; two borders and heads of the changes; how to stop, the cursor.
FIXED_LINES = 8
FEWEST_CHANGES = 2
BAR = 40


class Screen(View):
    """For a terminal."""

    def __init__(self, console: Console, environment: str):
        super().__init__(console, environment)
        self._live = Live(console=console, auto_refresh=False)
        self._next_s = 0.0

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._live.stop()

    def show(self, state: ScreenState, fresh: list[Change]) -> None:
        if time.monotonic() >= self._next_s:
            self._next_s = time.monotonic() + DRAWS_EVERY_S
            self._live.start()
            self._live.update(self._picture(state), refresh=True)

    def _picture(self, state: ScreenState) -> Group:
        tiers = [_line(tier) for tier in state.tiers()]
        activities = state.activities()
        example = None if state.is_history else state.example()
        hints = [_line(hint) for hint in self.hints(example)] if example else []
        lines = self._console.height - FIXED_LINES - len(tiers) - len(activities) - len(hints)
        rows, changes = room(lines, len(state.featured.rows))
        return Group(
            _line(state.status(), "bold"),
            _sizes(state, rows),
            *tiers,
            _line(state.others(), "dim"),
            _newest(state, changes),
            *map(_progress, activities),
            *hints,
            _line(f"Be one of them at {self.app}   Ctrl-C stops all of it." if self.app else "Ctrl-C stops all of it."),
        )


def room(lines: int, rows: int) -> tuple[int, int]:
    """How many of so many rows, and how many changes, fit into so many lines: what goes beyond a terminal is cut off,
    and that would be the hints.

    >>> room(11, rows=5), room(11, rows=30), room(48, rows=30)
    ((5, 6), (4, 6), (23, 24))
    """
    shown = min(rows, max(2, lines // 2))
    changes = min(NEWEST, max(FEWEST_CHANGES, lines - shown))
    return (shown, changes) if shown == rows else (shown - 1, changes)  # a line for `and 7 more`


def _line(text: str, style: str = "") -> Text:
    return Text(text, style, no_wrap=True, overflow="ellipsis")


def _sizes(state: ScreenState, most: int) -> Table:
    table = Table("segment", "", "members", "entered", "left", box=None, pad_edge=False, header_style="dim")
    for column in table.columns[2:]:
        column.justify = "right"
    names = state.featured.rows
    largest = max([1, *map(state.size, names)])
    for name in names[:most]:
        size = state.size(name)
        bar = ProgressBar(total=largest, completed=size, width=BAR)
        table.add_row(name, bar, f"{size:,}", f"{state.entered[name]:,}", f"{state.exited[name]:,}")
    if most < len(names):
        table.add_row(Text(f"and {len(names) - most} more", "dim"))
    return table


def _newest(state: ScreenState, most: int) -> Panel:
    table = Table("when", "user", "", "segment", "because", box=None, pad_edge=False, header_style="dim", expand=True)
    table.columns[4].ratio = 1
    for column in table.columns:
        column.no_wrap, column.overflow = True, "ellipsis"
    for change in islice(reversed(state.newest), most):
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


def _progress(activity: Activity) -> Table:
    table = Table.grid(padding=(0, 1))
    bar = ProgressBar(total=activity.of, completed=activity.done, width=BAR // 2)
    table.add_row(f"{activity.name:<7}", bar, _line(activity.text))
    return table
