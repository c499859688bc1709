"""Every exception we raise on purpose, in one tree.

SegmenterError            the message is for the person who caused it and says what to do
├── UsageError            the call or a setting is wrong                (exit status 2)
├── RuleError             rule files are wrong: every fault, with its place   (2)
├── StateError            the stored state cannot be used
│   ├── Fenced            another worker owns the shard now; this one must let it go
│   ├── StateLost         Redis lost the state and the topics no longer reach back
│   └── StateTooNew       written by a newer version of the format
├── Unknown               nobody is called so, or not any more
├── Unreachable           Kafka or Redis does not answer (retried by the worker)
├── Stuck                 a worker does not move, and nothing that it knows of keeps it
├── Busy                  more is asked than can be done now; later it can
└── InternalError         a fault of segmenter's own
"""

import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PACKAGE: Final = Path(__file__).parent
PLACES_TOLD: Final = 4
SOME_REJECTED: Final = 3  # the exit status of a command that could not use all of its input


class SegmenterError(Exception):
    """Base of all of ours. `exit_status` is what a command ends with."""

    exit_status = 1


class UsageError(SegmenterError):
    """The call or a setting is wrong."""

    exit_status = 2


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One fault of a rule file.

    `line` and `column` count from 1 (line 0: the file as a whole); `source` is the line's text, under which a caret
    of `width` characters is drawn; `hint` names what to write instead, or is empty.
    """

    file: str
    line: int
    column: int
    message: str
    source: str = ""
    width: int = 1
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        text = f"{place}: {self.message}"
        if self.source:
            caret = " " * (self.column - 1) + "^" * max(1, self.width)
            text += f"\n  {self.source}\n  {caret}"
        if self.hint:
            text += f"\n  {self.hint}"
        return text


class RuleError(SegmenterError):
    """One or more rule files are wrong; `faults` holds all of them."""

    exit_status = 2

    def __init__(self, faults: list[Fault]):
        self.faults = sorted(faults)
        super().__init__("\n".join(map(str, self.faults)))


class StateError(SegmenterError):
    """The stored state cannot be used."""


class Fenced(StateError):
    """Another worker owns the shard now; this one must let it go."""


class StateLost(StateError):
    """Redis lost state that was written; or the input topics no longer reach back far enough to make it anew."""


class StateTooNew(StateError):
    """The state was written by a newer version of the format than this one reads."""


class Unknown(SegmenterError):
    """Nobody is called so, or not any more."""


class Unreachable(SegmenterError):
    """Kafka or Redis does not answer."""


class Busy(SegmenterError):
    """More is asked than can be done now; later it can."""


class Stuck(SegmenterError):
    """A worker does not move any more, and nothing that it knows of keeps it."""


class InternalError(SegmenterError):
    """A fault of segmenter's own, or of a library that it uses."""


def origin(error: BaseException) -> str:
    """The kind of an error and the places in our code that it came through, the innermost first.

    For an error that is not meant for a person. Its text is left out: it may quote a record.
    """
    came_through = places((frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__))
    return " < ".join(filter(None, [type(error).__name__, came_through]))


def places(frames: Iterable[tuple[str, int | None]]) -> str:
    """Those of these lines of files that are our code, the last one first; they come the outermost first."""
    ours = [f"{Path(file).relative_to(PACKAGE)}:{line}" for file, line in frames if PACKAGE in Path(file).parents]
    return " < ".join(ours[: -PLACES_TOLD - 1 : -1])
