"""What a worker has done since its start, in numbers."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from streams.log import counted

KINDS_TOLD: Final = 5


@dataclass(slots=True)
class Counters:
    """Since the worker's start; `rejects` by reason code. How far behind it is, `streams.runtime.assignment` knows.

    ignored: events of kinds that mean nothing to us, by kind.
    rerouted: records that came to a foreign partition and were sent home.
    erasures: commands to erase a user that were done. refused: events of before their user was erased.
    """

    events: int = 0
    duplicates: int = 0
    anonymous: int = 0
    rerouted: int = 0
    erasures: int = 0
    refused: int = 0
    changes: int = 0
    checkpoints: int = 0
    rejects: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)

    def summary(self) -> str:
        """One line for the log."""
        parts = [counted(self.events, "event"), counted(self.changes, "change")]
        parts += [counted(self.checkpoints, "checkpoint")]
        parts += [counted(self.duplicates, "duplicate")] if self.duplicates else []
        parts += [f"{self.anonymous:,} anonymous"] if self.anonymous else []
        parts += [f"{self.rerouted:,} rerouted"] if self.rerouted else []
        parts += [f"{count:,} ignored ({kind})" for kind, count in self.ignored.most_common(KINDS_TOLD)]
        parts += [counted(self.erasures, "erasure")] if self.erasures else []
        parts += [f"{self.refused:,} refused of erased users"] if self.refused else []
        parts += [f"{count:,} rejected ({code})" for code, count in sorted(self.rejects.items())]
        return ", ".join(parts)
