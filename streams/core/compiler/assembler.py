"""A program's words as they are written, one after the other.

Comes in: words, lists, pairs. Goes out: the address of each, the place where it begins.
"""

import struct
from collections.abc import Iterable, Sequence

from streams.core.kernel.layout import HEADER_WORDS

_DOUBLE, _WORD = struct.Struct("<d").pack, struct.Struct("<q").unpack


def number_bits(number: float) -> int:
    """The double's bits as a signed word."""
    bits: int = _WORD(_DOUBLE(number))[0]
    return bits


class Assembler:
    """All that has been written; the header is filled in last."""

    def __init__(self) -> None:
        self.words: list[int] = [0] * HEADER_WORDS
        self._shared_at: dict[tuple[int, ...], int] = {}

    def put(self, words: Iterable[int]) -> int:
        address = len(self.words)
        self.words += words
        return address

    def share(self, words: tuple[int, ...]) -> int:
        """The address of these words, put once."""
        if words not in self._shared_at:
            self._shared_at[words] = self.put(words)
        return self._shared_at[words]

    def put_list(self, items: Sequence[int]) -> int:
        return self.put([len(items), *items])

    def put_pairs(self, pairs: Sequence[tuple[int, int]]) -> int:
        return self.put([len(pairs), *(address for pair in pairs for address in pair)])
