"""Which of several processes a line is for: users who have to do with each other are in one.

Comes in: blocks of lines. Goes out: what those of a process mean. Which process an id is for follows from its hash
alone, so that most lines of others need neither be decoded nor taken out of their block. What cannot be told so is
decoded by all, and taken by the process that its user is for; what is nobody's, by the first.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from streams.backtest.blocks import Block
from streams.backtest.histories import History
from streams.backtest.records import HistoryDecoder
from streams.core.arrays import Ints
from streams.core.events import Decoded, Event, Ignored
from streams.core.kernel.json_ids import ABSENT, BLANK, hash_of
from streams.eventfiles.decoded import Arrived
from streams.settings import Settings
from streams.sources.segment_spec import TYPES

ANOTHERS: Final = Ignored("another process's")
PRODUCT: Final = np.array(sorted(map(hash_of, TYPES)))
# To spread what has been hashed: any large odd number of 31 bits, so that products with 32 stay below 2^63.
SPREAD: Final = 0x5BD1_E995


class Told(NamedTuple):
    """Of a block, the places of the lines that are a process's, or may be; of each whether it is so for sure."""

    places: Ints
    is_sure: npt.NDArray[np.bool_]


class Nobodies:
    """The hashes of ids that name nobody; a few more may be among them."""

    def __init__(self, settings: Settings):
        self._hashes = np.array(sorted({hash_of(text) for text in ("", *settings.not_users)}))

    def among(self, hashes: Ints) -> npt.NDArray[np.bool_]:
        return np.isin(hashes, self._hashes)


class Share:
    """What is for one process. together: to the hash of each id that has to do with others, one that stands for all."""

    def __init__(self, settings: Settings, number: int, of: int, together: Mapping[int, int]):
        self.number, self.of = number, of
        self._nobodies = Nobodies(settings)
        self._linked = np.array(sorted(together), np.int64)
        self._stands_for = np.array([together[each] for each in self._linked.tolist()], np.int64)
        self._told: dict[str, bool] = {}

    def tell(self, block: Block) -> Told:
        types, users, anonymous = block.hashes().T
        whose = np.where(users == ABSENT, anonymous, users)
        is_sure = np.isin(types, PRODUCT) & (whose >= 0) & ~self._nobodies.among(whose)
        places = np.flatnonzero((~is_sure | (self._process(whose) == self.number)) & (types != BLANK))
        return Told(places, is_sure[places])

    def has(self, subject: str) -> bool:
        found = self._told.get(subject)
        if found is None:
            process = self._process(np.array([hash_of(subject)]))
            found = self._told[subject] = bool(process[0] == self.number)
        return found

    def _process(self, hashes: Ints) -> Ints:
        if len(self._linked):
            places = np.minimum(np.searchsorted(self._linked, hashes), len(self._linked) - 1)
            hashes = np.where(self._linked[places] == hashes, self._stands_for[places], hashes)
        spread: Ints = ((hashes * SPREAD) >> 16) % self.of
        return spread


class Shared:
    """A file as what those of its lines mean that are for one process."""

    def __init__(self, file: History, decoder: HistoryDecoder, share: Share):
        self._file, self._decoder, self._share = file, decoder, share
        self.name, self.size = file.name, file.size

    @property
    def position(self) -> int:
        return self._file.position

    def read(self) -> Arrived | None:
        block = self._file.read()
        if block is None:
            return None
        if self._share.of == 1:
            numbers, lines = block.all()
            return Arrived(numbers, self._decoder.decode_lines(lines), lines, block.first + len(block))
        told = self._share.tell(block)
        lines = block.at(told.places)
        decoded = self._without_others(self._decoder.decode_lines(lines), told)
        return Arrived((block.first + told.places).tolist(), decoded, lines, block.first + len(block))

    def _without_others(self, decoded: list[Decoded], told: Told) -> Sequence[Decoded]:
        for place in np.flatnonzero(~told.is_sure).tolist():
            each = decoded[place]
            if not (self._share.has(each.subject) if isinstance(each, Event) else self._share.number == 0):
                decoded[place] = ANOTHERS
        return decoded
