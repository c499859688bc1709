"""A look at a piece of a history before it is played: who each line is about, and which ids have to do with each other.

Comes in: a piece of a file. Goes out: its `Survey`. Most lines need not be decoded for it: their ids are hashed where
they stand (`streams.core.kernel.json_ids`). Hashes do as well as ids: users of whom two are the same by chance end in
one process, which is no harm.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from streams.backtest.blocks import Block
from streams.backtest.histories import Piece, opened
from streams.backtest.records import HistoryDecoder
from streams.core.arrays import Ints
from streams.core.events import Decoded, Event
from streams.core.kernel.json_ids import ABSENT, BLANK, hash_of
from streams.core.links import Linking, Unlinked
from streams.core.merges import Merge
from streams.settings import Settings
from streams.sources import plain
from streams.sources.segment_spec import TYPES

UNSURE: Final = -1  # whom a line is about is known when it is decoded
PRODUCT: Final = np.array(sorted(map(hash_of, TYPES)))
BILLING: Final = hash_of(plain.TYPE)
STRIPE_MARK: Final = b'"object"'  # in each of its events, which are about whom the object in it is
# Such records bear no id beside these two, but for `identify` with traits that are ids, and `alias`.
BEARS_TWO: Final = np.array(sorted(map(hash_of, ("track", "page", "screen", "group"))))
MARKS: Final = (b'nonymousId"', b'"previousId"', b'"customer"', b'"previous_attributes"', b'"merge"', b"\\u")
BITS: Final = 32  # of a hash
LOW: Final = (1 << BITS) - 1


class Survey(NamedTuple):
    """whose: of each line the hash of whom it is about, UNSURE, or BLANK where there is no line. pairs: hashes of two
    ids each that have to do with each other."""

    whose: Ints
    pairs: Ints


class Surveyor:
    """marks: one stands in each line that bears more than one id."""

    def __init__(self, decoder: HistoryDecoder, settings: Settings):
        self._decoder = decoder
        self._nobodies = np.array(sorted({hash_of(text) for text in ("", *settings.not_users)}))
        self._marks = (*MARKS, *(f'{trait.rpartition(".")[2]}"'.encode() for trait in settings.link_traits))

    def look_through(self, piece: Piece) -> Survey:
        whose, pairs = [np.empty(0, np.int64)], [np.empty((0, 2), np.int64)]
        with closing(opened(piece)) as file:
            while (block := file.read()) is not None:
                types, users, anonymous = block.hashes().T
                whose.append(self._whose(block, types, users, anonymous))
                pairs.append(self._pairs(block, types, users, anonymous))
        return Survey(np.concatenate(whose), np.unique(np.concatenate(pairs), axis=0))

    def _whose(self, block: Block, types: Ints, users: Ints, anonymous: Ints) -> Ints:
        found = np.where(users == ABSENT, anonymous, users)
        is_known = np.isin(types, PRODUCT)
        bills = np.flatnonzero(types == BILLING)
        is_known[bills] = [STRIPE_MARK not in line for line in block.at(bills)]
        found[~is_known | (found < 0) | self._names_nobody(found)] = UNSURE
        blank = np.flatnonzero(types == BLANK)
        found[blank] = [UNSURE if line.strip() else BLANK for line in block.at(blank)]
        return found

    def _names_nobody(self, hashes: Ints) -> npt.NDArray[np.bool_]:
        """A few more may be among them."""
        return np.isin(hashes, self._nobodies)

    def _pairs(self, block: Block, types: Ints, users: Ints, anonymous: Ints) -> Ints:
        is_plain = np.isin(types, BEARS_TWO)
        has_one = is_plain & ((users == ABSENT) | (anonymous == ABSENT))
        has_two = is_plain & (users >= 0) & (anonymous >= 0)
        if has_two.any():
            has_two &= ~self._names_nobody(users) & ~self._names_nobody(anonymous)
        both = np.unique(users[has_two] << BITS | anonymous[has_two])
        others = np.flatnonzero(~has_two & ~has_one & (types != BLANK))
        found = [pair for line in self._marked(block.at(others)) for pair in _of(self._decoder.decode_line(line))]
        return np.concatenate([np.stack([both >> BITS & LOW, both & LOW], 1), np.array(found, np.int64).reshape(-1, 2)])

    def _marked(self, lines: Sequence[bytes]) -> Iterable[bytes]:
        return (line for line in lines if any(mark in line for mark in self._marks))


def _of(decoded: Decoded) -> Iterator[tuple[int, int]]:
    match decoded:
        case Event(subject=subject, identity=Linking(links, had) | Unlinked(links, had=had)):
            for link in links:
                yield hash_of(subject), hash_of(link.alias)
            if had is not None:
                yield hash_of(subject), hash_of(had)
        case Event(subject=subject, identity=Merge(into)):
            yield hash_of(subject), hash_of(into)
