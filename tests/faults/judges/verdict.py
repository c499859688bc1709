"""What judges find."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Verdict:
    """wrong: what must not be, in words, and how often it is; examples: one of each. counts: what is worth knowing and
    is not wrong, such as how much was told again."""

    wrong: Counter[str] = field(default_factory=Counter)
    examples: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def blame(self, what: str, example: Any) -> None:
        self.wrong[what] += 1
        self.examples.setdefault(what, example)

    @property
    def in_short(self) -> str:
        """Without examples."""
        return ", ".join(f"{count} {what}" for what, count in self.wrong.items()) or "all is right"

    def __str__(self) -> str:
        found = ", ".join(f"{count} {what} (as {self.examples[what]})" for what, count in self.wrong.items()) or "0"
        counts = ", ".join(f"{what}: {count}" for what, count in self.counts.items())
        return f"lost, invented, differing: {found}; {counts}"
