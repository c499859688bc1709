"""What a shard hands out beside changes: what a checkpoint stores, and where a subject stands."""

from typing import NamedTuple

from streams.core.changes import Reason


class Dirty(NamedTuple):
    """What has changed since it was last taken: packed rows and JSON documents, by subject.

    erased: subjects of whom nothing else may be kept. marks: of whom events up to which instant (ms) are refused.
    moved: subjects who are others from then on, of whom no profile is kept here.
    """

    rows: list[tuple[str, bytes]]
    documents: list[tuple[str, bytes]]
    erased: list[str]
    marks: list[tuple[bytes, int]]
    moved: list[str]


class Standing(NamedTuple):
    """What a rule says of a subject: in which segment, if any, since when (ms), after how many changes, and why."""

    rule: str
    segment: str | None
    since_ms: int | None
    ordinal: int
    because: tuple[Reason, ...]
