"""Which of several processes a line is for: users who have to do with each other are in one.

Comes in: surveys of all pieces. Goes out: what the lines of a process mean. Which process an id is for follows from its
hash alone, as processes share out what has the same rest of a hash: so the lines of others need neither be decoded nor
taken out of their block, and each process has about as many. A line of which only decoding tells whom it is about is
decoded by all, and taken by the process that its user is for; what is nobody's, by the first.
"""

import heapq
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final

import numpy as np
import numpy.typing as npt

from streams.backtest.blocks import Block
from streams.backtest.histories import History, Piece
from streams.backtest.links import together
from streams.backtest.records import HistoryDecoder
from streams.backtest.survey import UNSURE, Survey
from streams.core.arrays import Ints
from streams.core.events import Decoded, Event, Ignored
from streams.core.kernel.json_ids import BLANK, hash_of
from streams.eventfiles.decoded import Arrived

ANOTHERS: Final = Ignored("another process's")
# To spread what has been hashed: any large odd number of 31 bits, so that products with 32 stay below 2^63.
SPREAD: Final = 0x5BD1_E995
BUCKETS: Final = 1 << 12  # of users, whom one process has together

Owners = npt.NDArray[np.uint16]
"""Of each line of a file the number of its process, or one of these."""
ANYBODYS: Final = 0xFFFF  # who decodes it sees whose it is
NOBODYS: Final = 0xFFFE  # there is no line


class Shares:
    """What is for which of several processes. owners: by the name of a file, those of its lines."""

    def __init__(self, of: int, surveys: Mapping[Piece, Survey]):
        """surveys: of all pieces of each file, in order."""
        linked = together(survey.pairs for survey in surveys.values())
        self._linked = np.array(sorted(linked), np.int64)
        self._stands_for = np.array([linked[each] for each in self._linked.tolist()], np.int64)
        self._told: dict[str, int] = {}
        buckets = {piece: self._buckets(survey.whose) for piece, survey in surveys.items()}
        lines = np.zeros(BUCKETS, np.int64)
        for piece, survey in surveys.items():
            lines += np.bincount(buckets[piece][survey.whose >= 0], minlength=BUCKETS)
        self._processes = shared_evenly(lines, of)
        self.owners = {
            name: np.concatenate([self._owners_of(surveys[piece].whose, buckets[piece]) for piece in own])
            for name, own in groupby(surveys, key=lambda piece: piece.name)
        }

    def process_of(self, subject: str) -> int:
        found = self._told.get(subject)
        if found is None:
            bucket = self._buckets(np.array([hash_of(subject)]))[0]
            found = self._told[subject] = int(self._processes[bucket])
        return found

    def _owners_of(self, whose: Ints, buckets: Ints) -> Owners:
        owners = self._processes[buckets]
        owners[whose == UNSURE] = ANYBODYS
        owners[whose == BLANK] = NOBODYS
        return owners

    def _buckets(self, hashes: Ints) -> Ints:
        if len(self._linked):
            places = np.minimum(np.searchsorted(self._linked, hashes), len(self._linked) - 1)
            hashes = np.where(self._linked[places] == hashes, self._stands_for[places], hashes)
        spread: Ints = ((hashes * SPREAD) >> 16) % BUCKETS
        return spread


def shared_evenly(lines: Ints, of: int) -> Owners:
    """The process of each bucket, so that each has about as many lines: the fullest first, to who has least. Of those
    without any, too, each has as many: lines of which only decoding tells whom they are about are not counted.

    >>> shared_evenly(np.array([1, 5, 3, 2, 0, 0]), 2).tolist()
    [0, 0, 1, 1, 1, 0]
    """
    loads = [(0, process) for process in range(of)]
    processes = np.zeros(len(lines), np.uint16)
    for bucket in np.argsort(-lines, kind="stable").tolist():
        load, process = loads[0]
        processes[bucket] = process
        heapq.heapreplace(loads, (load + int(lines[bucket]) + 1, process))
    return processes


class Whole:
    """A file as what all of its lines mean."""

    def __init__(self, file: History, decoder: HistoryDecoder):
        self._file, self._decoder = file, decoder
        self.name, self.size = file.name, file.size

    @property
    def position(self) -> int:
        return self._file.position

    def read(self) -> Arrived | None:
        block = self._file.read()
        if block is None:
            return None
        numbers, lines = block.all()
        return Arrived(numbers, self._decoder.decode_lines(lines), lines, block.first + len(block))


class Shared(Whole):
    """A file as what those of its lines mean that are for one process."""

    def __init__(self, name: str, file: History, decoder: HistoryDecoder, shares: Shares, number: int):
        """name: by which the file was surveyed."""
        super().__init__(file, decoder)
        self._shares, self._owners, self._number = shares, shares.owners[name], number

    def read(self) -> Arrived | None:
        block = self._file.read()
        if block is None:
            return None
        owners = self._owners_of(block)
        places = np.flatnonzero((owners == self._number) | (owners == ANYBODYS))
        lines = block.at(places)
        decoded = self._without_others(self._decoder.decode_lines(lines), owners[places])
        return Arrived((block.first + places).tolist(), decoded, lines, block.first + len(block))

    def _owners_of(self, block: Block) -> Owners:
        known = self._owners[block.first - 1 : block.first - 1 + len(block)]
        came_since = np.full(len(block) - len(known), ANYBODYS, np.uint16)
        return np.append(known, came_since) if len(came_since) else known

    def _without_others(self, decoded: list[Decoded], owners: Owners) -> Sequence[Decoded]:
        for place in np.flatnonzero(owners == ANYBODYS).tolist():
            each = decoded[place]
            if (self._shares.process_of(each.subject) if isinstance(each, Event) else 0) != self._number:
                decoded[place] = ANOTHERS
        return decoded
