"""Which of several processes a line is for: users who have to do with each other are in one.

Comes in: lines. Goes out: what those of a process mean; of the others, that they are another's. Most lines need not be
decoded for that. Whatever cannot be told is the first process's.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec
from xxhash import xxh3_64_intdigest

from streams.core.events import Decoded, Event, Ignored
from streams.core.links import Linking, Unlinked
from streams.core.merges import Merge
from streams.eventfiles.arrivals import Lines
from streams.settings import Settings
from streams.sources import Decoder
from streams.sources.options import Nobody
from streams.sources.segment_spec import EVENT_NAMES
from streams.topics import PRODUCT_EVENTS

ANOTHERS: Final = Ignored("another process's")
# Such records bear no id beside these two, but for `identify` with traits that are ids, and `alias`.
BEARS_TWO: Final = frozenset({"track", "page", "screen", "group"})
MARKS: Final = (b'nonymousId"', b'"previousId"', b'"customer"', b'"merge"')


class Ids(msgspec.Struct, gc=False):
    """As much of a line as most often tells whose it is."""

    type: object = None
    user_id: object = msgspec.field(default=None, name="userId")
    anonymous_id: object = msgspec.field(default=None, name="anonymousId")


_ids = msgspec.json.Decoder(Ids).decode
_PRODUCT: Final = frozenset({"track", *EVENT_NAMES})


class Own:
    """Decodes the lines of one process. together: to each id that has to do with others, what stands for them all."""

    def __init__(self, decoder: Decoder, settings: Settings, number: int, of: int, together: Mapping[str, str]):
        self._decode_line = decoder.decode_line
        self._decode_product = decoder.of[PRODUCT_EVENTS.name].decode
        self._nobody = Nobody(settings.not_users)
        self._number, self._of, self._together = number, of, together

    def decode_line(self, line: bytes) -> Decoded:
        if self._of == 1:
            return self._decode_line(line)
        try:
            ids = _ids(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return self._looked_into(line)
        if ids.type not in _PRODUCT:
            return self._looked_into(line)
        user = ids.user_id
        if not isinstance(user, str) or user in self._nobody:
            user = ids.anonymous_id
            if not isinstance(user, str) or user in self._nobody:
                return self._looked_into(line)
        return self._decode_product(line, None, None) if self.is_mine(user) else ANOTHERS

    def is_mine(self, subject: str) -> bool:
        stands_for = self._together.get(subject, subject)
        return xxh3_64_intdigest(stands_for.encode(errors="surrogatepass")) % self._of == self._number

    def _looked_into(self, line: bytes) -> Decoded:
        decoded = self._decode_line(line)
        if isinstance(decoded, Event):
            return decoded if self.is_mine(decoded.subject) else ANOTHERS
        return decoded if self._number == 0 else ANOTHERS


def together(files: Sequence[Lines], decoder: Decoder, settings: Settings) -> dict[str, str]:
    """Of all ids that are linked with another or merged, one that stands for all of them."""
    stands_for: dict[str, str] = {}
    marks = (*MARKS, *(f'"{trait}"'.encode() for trait in settings.link_traits))
    for ids in _linked(files, decoder, marks):
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


def _linked(files: Sequence[Lines], decoder: Decoder, marks: Sequence[bytes]) -> Iterator[Sequence[str]]:
    seen: set[tuple[object, object]] = set()
    for file in files:
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
