"""Values as the kernel holds them: a number, and its kind. Texts and lists are numbered, each shard's by itself.

Comes in: values, and codes of texts. Goes out: words of rows, and values again.
"""

from collections.abc import Set
from math import isfinite

import msgspec
import numpy as np

from streams.core.arrays import Ints
from streams.core.calendar import Calendar
from streams.core.compiler.assembler import number_bits
from streams.core.compiler.catalog import Places
from streams.core.events import Value
from streams.core.kernel.layout import BOOLEAN, LIST, MISSING, NEVER, NUMBER, TEXT
from streams.core.rules.equality import FINDS, lowered

Writes = list[tuple[int, int]]  # a word, and its bits


class Values:
    """The values of a shard.

    code: the codes of those texts that rules name. Others follow them as they come.
    """

    def __init__(self, code: dict[str, int], calendar: Calendar):
        self._code = code
        self._calendar = calendar
        self._constants = frozenset(range(len(code)))
        self.texts = list(code)

    def _text(self, text: str) -> float:
        code = self._code.get(text)
        if code is None:
            code = self._code[text] = len(self.texts)
            self.texts.append(text)
        return float(code)

    def coded(self, value: Value) -> tuple[float, int]:
        """A value as the kernel holds it: a number, and its kind. Texts and lists are numbered per shard."""
        match value:
            case None:
                return np.nan, MISSING
            case bool():
                return float(value), BOOLEAN
            case str():
                return self._text(value), TEXT
            case list():
                return self._text(msgspec.json.encode(value).decode()), LIST
            case _:
                number = float(value)
                return (number, NUMBER) if isfinite(number) else (np.nan, MISSING)

    def decoded(self, number: float, kind: int) -> Value:
        """The value that `coded` made into these. A whole number comes back as an int."""
        if kind == NUMBER:
            return int(number) if number.is_integer() and abs(number) < 2**53 else number
        if kind == BOOLEAN:
            return bool(number)
        if kind == TEXT:
            return self.texts[int(number)]
        if kind == LIST:
            return msgspec.json.decode(self.texts[int(number)], type=list[object])
        return None

    def written(self, places: Places, value: Value) -> Writes:
        """What follows from a value of the document, as words of the row."""
        writes: Writes = []
        in_small = lowered(value)
        for word, each in ((places.value, value), (places.lowered, in_small)):
            if word is not None:
                number, kind = self.coded(each)
                writes += [(word, number_bits(number)), (word + 1, kind)]
        if places.time is not None:
            ms = self._calendar.instant(value)
            writes.append((places.time, NEVER if ms is None else ms))
        for each, held in ((value, places.holds), (in_small, places.lowered_holds)):
            writes += [(word, int(FINDS[how](each, wanted))) for how, wanted, word in held]
        return writes

    def named_by_none(self, codes: Set[int]) -> Set[int]:
        """Those of the codes that no rule names."""
        return codes - self._constants

    def forget(self, code: int) -> None:
        """A text that is nowhere any more."""
        del self._code[self.texts[code]]
        self.texts[code] = ""

    def ranks(self) -> Ints:
        """Of each text its place in their order."""
        ranks = np.empty(len(self.texts), np.int64)
        ranks[sorted(range(len(self.texts)), key=self.texts.__getitem__)] = np.arange(len(self.texts))
        return ranks
