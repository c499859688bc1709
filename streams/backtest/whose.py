"""Which of several processes a line is for: users who have to do with each other are in one.

Comes in: lines. Goes out: what those of a process mean; of the others, that they are another's. Most lines need not be
decoded for that. Whatever cannot be told is the first process's.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Final, NamedTuple

import msgspec
from xxhash import xxh3_64_intdigest

from streams.backtest.histories import opened
from streams.backtest.records import HistoryDecoder
from streams.core.events import Decoded, Event, Ignored
from streams.core.links import Linking, Unlinked
from streams.core.merges import Merge
from streams.settings import Settings
from streams.sources.options import Nobody
from streams.sources.segment_spec import EVENT_NAMES

ANOTHERS: Final = Ignored("another process's")
# Such records bear no id beside these two, but for `identify` with traits that are ids, and `alias`.
BEARS_TWO: Final = frozenset({"track", "page", "screen", "group"})
MARKS: Final = (b'nonymousId"', b'"previousId"', b'"customer"', b'"merge"')


class Ids(msgspec.Struct, gc=False):
    """As much of a line as most often tells whose it is."""

    type: object = None
    user_id: object = msgspec.field(default=None, name="userId")
    anonymous_id: object = msgspec.field(default=None, name="anonymousId")


class Line(NamedTuple):
    """A line as a record that has neither key nor time of its own."""

    value: bytes
    key: None = None
    timestamp: None = None


_ids = msgspec.json.Decoder(Ids).decode
_PRODUCT: Final = frozenset({"track", *EVENT_NAMES})


class Own:
    """Decodes the lines of one process. together: to each id that has to do with others, what stands for them all."""

    def __init__(self, decoder: HistoryDecoder, settings: Settings, number: int, of: int, together: Mapping[str, str]):
        self._decode_line = decoder.decode_line
        self._product = decoder.product
        self._nobody = Nobody(settings.not_users)
        self._number, self._of, self._together = number, of, together
        self._mine: dict[str, bool] = {}  # what was told of an id: most ids come again

    def decode_lines(self, lines: Sequence[bytes]) -> list[Decoded]:
        """Product events together, at a lower price; all else line by line."""
        decoded: list[Decoded] = [ANOTHERS] * len(lines)
        places: list[int] = []
        for place, line in enumerate(lines):
            mine = self._is_mine_at_once(line)
            if mine:
                places.append(place)
            elif mine is None:
                decoded[place] = self._looked_into(line)
        own = self._product.decode_all([Line(lines[place]) for place in places])
        for place, each in zip(places, own, strict=True):
            decoded[place] = each
        return decoded

    def _is_mine_at_once(self, line: bytes) -> bool | None:
        """None where the line must be looked into."""
        ids = _quick(line)
        if ids is None or ids.type not in _PRODUCT:
            return None
        user = ids.user_id
        if not isinstance(user, str) or (mine := self._told(user)) is None:
            user = ids.anonymous_id
            return self._told(user) if isinstance(user, str) else None
        return mine

    def _told(self, user: str) -> bool | None:
        """None of an id that names nobody."""
        mine = self._mine.get(user)
        if mine is None and user not in self._nobody:
            mine = self._mine[user] = self.is_mine(user)
        return mine

    def is_mine(self, subject: str) -> bool:
        if self._of == 1:
            return True
        stands_for = self._together.get(subject, subject)
        return xxh3_64_intdigest(stands_for.encode(errors="surrogatepass")) % self._of == self._number

    def _looked_into(self, line: bytes) -> Decoded:
        decoded = self._decode_line(line)
        if isinstance(decoded, Event):
            return decoded if self.is_mine(decoded.subject) else ANOTHERS
        return decoded if self._number == 0 else ANOTHERS


def together(names: Sequence[str], decoder: HistoryDecoder, settings: Settings) -> dict[str, str]:
    """Of all ids that are linked with another or merged in these files, one that stands for all of them."""
    stands_for: dict[str, str] = {}
    marks = (*MARKS, *(f'"{trait}"'.encode() for trait in settings.link_traits))
    for ids in (ids for name in names for ids in _in_file(name, decoder, marks)):
        first, *others = (_found(stands_for, each) for each in ids)
        for other in others:
            if other != first:
                stands_for[other] = first
    return {each: _found(stands_for, each) for each in stands_for}


def _found(stands_for: dict[str, str], name: str) -> str:
    """What stands for it, with the way there made short."""
    way = []
    while (to := stands_for.get(name)) is not None:
        way.append(name)
        name = to
    for passed in way:
        stands_for[passed] = name
    return name


def _in_file(name: str, decoder: HistoryDecoder, marks: Sequence[bytes]) -> Iterator[Sequence[str]]:
    """The ids of each line that bears several; most files have none, which is soon seen."""
    with closing(opened(name)) as file:
        if not file.mentions(marks):
            return
    seen: set[tuple[object, object]] = set()
    with closing(opened(name)) as file:
        while lines := file.read().lines:
            for line in _marked(lines, marks):
                ids = _quick(line)
                if ids is not None and ids.type in BEARS_TWO:
                    both = (ids.user_id, ids.anonymous_id)
                    if ids.anonymous_id is None or both in seen:
                        continue
                    seen.add(both)
                yield from _of(decoder.decode_line(line))


def _marked(lines: Sequence[bytes], marks: Sequence[bytes]) -> Iterable[bytes]:
    """Those that may bear more than one id: mostly none of a block."""
    block = b"\n".join(lines)
    found = [mark for mark in marks if mark in block]
    return [line for line in lines if any(mark in line for mark in found)] if found else ()


def _quick(line: bytes) -> Ids | None:
    try:
        return _ids(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _of(decoded: Decoded) -> Iterator[Sequence[str]]:
    match decoded:
        case Event(subject=subject, identity=Linking(links) | Unlinked(links)) if links:
            yield [subject, *(link.alias for link in links)]
        case Event(subject=subject, identity=Merge(into)):
            yield [subject, into]
