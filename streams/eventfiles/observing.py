"""What a file of events sends: the same record of names as workers keep, for `segmenter check --events`.

Comes in: JSON Lines files. Goes out: the names of events, properties and traits, the texts that traits have, and how
many lines there are that nobody could use.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from streams.core.events import Event, Reads, Reject
from streams.eventfiles.lines import LineFile
from streams.observed.names import ObservedNames
from streams.observed.sampling import sample
from streams.sources import Decoder, InputOptions

MOST_TEXTS = 1_000  # of a trait: more are no words, but names


class InFiles(NamedTuple):
    """texts: by trait, those it was sent with. rejected: lines that cannot be used."""

    names: ObservedNames
    texts: dict[str, frozenset[str]]
    rejected: int


def observed_in(files: Sequence[Path], options: InputOptions) -> InFiles:
    names, rejected = ObservedNames(), 0
    texts: dict[str, set[str]] = {}
    decoder = Decoder(Reads({}), options)
    for line in _lines(files):
        match decoder.decode_line(line):
            case Event() as event:
                names.count({event.name: 1})
                names.note(sample(event, line))
                _note_texts(texts, event)
            case Reject():
                rejected += 1
    return InFiles(names, {trait: frozenset(found) for trait, found in texts.items()}, rejected)


def _note_texts(texts: dict[str, set[str]], event: Event) -> None:
    for trait, value in event.traits.items():
        if isinstance(value, str) and len(found := texts.setdefault(trait, set())) < MOST_TEXTS:
            found.add(value)


def _lines(files: Sequence[Path]) -> Iterator[bytes]:
    for path in files:
        with closing(LineFile(path)) as file:
            while (chunk := file.read()).lines:
                yield from (line for _, line in chunk)
