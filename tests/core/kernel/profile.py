"""One profile under tiny rules, laid open: the program's words `p`, the row's words `w` and the kernel's space `s`.

Comes in: conditions by the names of their segments, or rules. Goes out: the words, and where in them things lie.
"""

from streams.core.calendar import UTC
from streams.core.compiler.catalog import Catalog
from streams.core.compiler.program import write_program
from streams.core.events import Value
from streams.core.instants import DAY_MS
from streams.core.kernel.layout import (
    CLOCK,
    FIRST_SEEN,
    INDEX,
    LEAVES,
    LEVEL,
    NEWEST_ACTIVITY,
    NOW,
    RINGS,
    RULES,
    WINDOWS,
    WORD,
)
from streams.core.kernel.windows import add, roll
from streams.core.profiles.table import Table
from streams.core.rules.nodes import Feature
from streams.core.rules.rulebook import Rule
from tests.rulebooks import rulebook

START_MS = 20_000 * DAY_MS


def day(number: float, ms: int = 0) -> int:
    """The instant so many days, and ms, after the profile was first seen."""
    return START_MS + round(number * DAY_MS) + ms


class Profile:
    """The row 0 of a table, first seen at the beginning of a day, and active then.

    unseen: the words of the row of somebody of whom nothing has been heard.
    """

    row = 0

    def __init__(self, *rules: Rule, **enter: str):
        self.rulebook = rulebook(*rules, **enter)
        self.catalog = Catalog(self.rulebook)
        text_code: dict[str, int] = {}
        self.program = write_program(self.catalog, UTC, text_code)
        self.table = Table(self.catalog, self.program, text_code)
        self.table.rows(["ann"])
        self.memory = self.table.memory
        self.p, self.w, self.s = self.program.words, self.memory.words, self.memory.space
        self.unseen = self.w[self.row].copy()
        self.w[self.row, [CLOCK, FIRST_SEEN, NEWEST_ACTIVITY]] = START_MS

    def rule(self, name: str) -> int:
        """The address of a rule."""
        return int(self.p[self.p[RULES] + 1 + self.rulebook.names.index(name)])

    def leaf(self, text: str) -> int:
        """The address of a condition."""
        index = self.texts.index(text)
        leaves = [at for name in self.rulebook.names for at in self.listed(self.p[self.rule(name) + LEAVES])]
        return next(leaf for leaf in leaves if self.p[leaf + INDEX] == index)

    @property
    def texts(self) -> list[str]:
        """All conditions of the rules."""
        return [leaf.text for leaf in self.catalog.leaves]

    def listed(self, address: int) -> list[int]:
        return [int(at) for at in self.p[address + 1 : address + 1 + self.p[address]]]

    @property
    def rings(self) -> list[int]:
        """The addresses of the rings, in the order in which the rules read them."""
        return self.listed(self.p[RINGS])

    def windows(self, ring: int) -> list[int]:
        return self.listed(self.p[ring + WINDOWS])

    def word(self, feature: Feature) -> int:
        return self.catalog.word[feature]

    def level(self, name: str) -> int:
        return int(self.w[self.row, self.p[self.rule(name) + WORD] + 1] & LEVEL)

    def set_level(self, name: str, level: int, since_ms: int = START_MS) -> None:
        word = self.p[self.rule(name) + WORD]
        self.w[self.row, word] = since_ms
        self.w[self.row, word + 1] = (self.w[self.row, word + 1] & ~LEVEL) | level

    def set_traits(self, **traits: Value) -> None:
        for word, bits in self.table.trait_words(traits):
            self.w[self.row, word] = bits

    def count(self, *instants: int, now: int | None = None, value: float = 0.0) -> None:
        """Count an event at each instant into every ring; the windows stand at the last of them, or at `now`."""
        for ts in instants:
            self.roll(ts)
            for ring in self.rings:
                add(self.p, self.w, self.row, ring, ts, ts, value)
        if now is not None:
            self.roll(now)

    def roll(self, now: int) -> None:
        roll(self.p, self.w, self.row, self.w[self.row, CLOCK], now)
        self.w[self.row, CLOCK] = now

    def truth(self, text: str) -> int:
        """What was noted of a condition."""
        return int(self.s[self.p[NOW] + self.p[self.leaf(text) + INDEX]])
