"""A story is told to the engine: does what comes of it agree with what it says?

Comes in: a `Story`. Goes out: a `Verdict`, whose text shows line by line where the two differ, for who wrote the story.
"""

from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import takewhile
from typing import Final, NamedTuple

from streams.errors import RuleError
from streams.printable import printable
from streams.settings import Settings
from streams.sources import InputOptions
from streams.terminal.columns import in_columns, in_lines
from streams.terminal.standing import conditions, standing
from streams.testing.clock import instant
from streams.testing.lines import Told, columns_of, told_of, written
from streams.testing.outcome import NoEvent, changes, explain
from streams.testing.storyfiles import Story

DEFAULTS: Final = Settings()
AGREED, UNTOLD, MISSING = " ", "+", "-"
LEGEND: Final = "-  the story tells it, and it does not happen\n+  it happens, and the story does not tell it"


class Line(NamedTuple):
    """A change that the story tells, that happens, or both. why: where it does not happen, what stands against it."""

    sign: str
    told: Told
    why: str = ""


class Verdict(NamedTuple):
    """lines: in order of time, of each user as the two tell them."""

    story: Story
    lines: Sequence[Line]

    @property
    def agrees(self) -> bool:
        return all(line.sign == AGREED for line in self.lines)

    def __str__(self) -> str:
        return "\n".join(self._text())

    def _text(self) -> Iterator[str]:
        yield f"{self.story.file}:{self.story.line}: {self.story.title}"
        rows = [(line.sign, *map(printable, columns_of(line.told))) for line in self.lines]
        for line, text in zip(self.lines, in_columns(rows) if rows else (), strict=True):
            yield f"    {text}"
            if line.why:
                yield from in_lines(line.why, " " * 8)


def tell(story: Story, settings: Settings = DEFAULTS) -> Verdict:
    """Raises `RuleError` where a record of the story is one that a worker would not use."""
    told_to = _Engine(story, settings)
    lines = [line for user in _users(story.expected, told_to.happened) for line in _compared(user, story, told_to)]
    return Verdict(story, sorted(lines, key=lambda line: line.told.at_ms))


class _Engine:
    """The story under the settings. happened: what came of it, of what the story is about."""

    def __init__(self, story: Story, settings: Settings):
        self._story = story
        self._timezone = settings.calendar.name if story.timezone is None else story.timezone
        self._options = InputOptions.of(settings)
        try:
            found = changes(
                story.rulebook, story.records, story.until_ms, options=self._options, timezone=self._timezone
            )
        except NoEvent as error:
            raise RuleError([story.fault_at(error.place, error.reason)]) from error
        self.happened = [told_of(change, story.records) for change in found if story.rule in (None, change.rule)]

    def why_not(self, told: Told) -> str:
        """What stands against a change that the story tells."""
        end_ms = self._end_ms()
        if told.at_ms > end_ms:
            return f"the story ends before that, at {written(end_ms)}: `until` says how far time comes"
        try:
            arrived = list(takewhile(lambda record: instant(record["timestamp"]) <= told.at_ms, self._story.records))
            known = explain(
                self._story.rulebook,
                arrived,
                told.user,
                told.at_ms,
                options=self._options,
                timezone=self._timezone,
            )
        except ValueError:
            return f"nothing has happened to {printable(told.user)} by then"
        rule = next(rule for rule in known.rules if told.segment.partition("/")[0] == rule.rule)
        return f"by then {standing(rule, told.at_ms)}: {conditions(rule.decisive)}".removesuffix(": ")

    def _end_ms(self) -> int:
        if self._story.until_ms is not None:
            return self._story.until_ms
        return max((instant(record["timestamp"]) for record in self._story.records), default=0)


def _users(*of: Iterable[Told]) -> Iterable[str]:
    return dict.fromkeys(each.user for some in of for each in some)


def _compared(user: str, story: Story, engine: _Engine) -> Iterator[Line]:
    """The changes of one user, of which the order counts; the story may leave out what led to one."""
    told = [each for each in story.expected if each.user == user]
    happened = [each for each in engine.happened if each.user == user]
    keys = [[(each.at_ms, each.what) for each in some] for some in (told, happened)]
    for tag, told_from, told_to, from_, to in SequenceMatcher(None, keys[0], keys[1], autojunk=False).get_opcodes():
        if tag == "equal":
            for each, what in zip(told[told_from:told_to], happened[from_:to], strict=True):
                yield from _led_to(each, what)
        else:
            yield from (Line(MISSING, each, engine.why_not(each)) for each in told[told_from:told_to])
            yield from (Line(UNTOLD, each) for each in happened[from_:to])


def _led_to(told: Told, happened: Told) -> Iterator[Line]:
    """The same change, but perhaps by something else."""
    if told.cause in (None, happened.cause):
        yield Line(AGREED, happened)
    else:
        yield from (Line(MISSING, told), Line(UNTOLD, happened))
