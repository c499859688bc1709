"""How `segmenter dev` shows its company where nobody looks at a terminal: a line for each thing that happens.

Comes in: a `ScreenState`, again and again. Goes out: lines, in a pipe, a file, a log.
"""

from rich.console import Console

from streams.core.changes import Change
from streams.core.instants import DAY_MS
from streams.demo.screen_state import Activity, ScreenState
from streams.demo.view import View
from streams.outputs.wording import line_of

WEEK_MS = 7 * DAY_MS
PARTS = 4  # of whatever takes a while: a line each


class Lines(View):
    """A line a change, and how things stand once a week of theirs."""

    def __init__(self, console: Console, environment: str):
        super().__init__(console, environment)
        self._told: dict[str, int] = {}  # activity -> parts of it that have been told
        self._told_ms: int | None = None  # until when it was told how things stand
        self._has_hinted = False

    def show(self, state: ScreenState, fresh: list[Change]) -> None:
        self._tell_activities(state.activities())
        for change in fresh:
            self.say(line_of(change))
        if not state.is_history:
            # By the first news, what went before has been read.
            is_first = bool(fresh) and not self._has_hinted
            self._told_ms = state.since_ms if self._told_ms is None else self._told_ms
            if is_first or state.now_ms - self._told_ms >= WEEK_MS:
                self._told_ms = state.now_ms
                self._tell_how_things_stand(state)
            if is_first:
                self._hint(state)

    def _tell_activities(self, activities: list[Activity]) -> None:
        for name in self._told.keys() - {each.name for each in activities}:
            del self._told[name]
            self.say(f"-- {name}: done")
        for name, done, of, text in activities:
            part = PARTS * done // of
            if self._told.get(name) != part:
                self._told[name] = part
                self.say(f"-- {name}: {text}")

    def _tell_how_things_stand(self, state: ScreenState) -> None:
        sizes = [f"{name} {state.size(name):,}" for name in state.featured.rows]
        self.say(f"-- {'   '.join([state.status(), *sizes, *state.tiers(), state.others()])}")

    def _hint(self, state: ScreenState) -> None:
        example = state.example()
        if example is not None:
            self._has_hinted = True
            for line in self.hints(example):
                self.say(line)
