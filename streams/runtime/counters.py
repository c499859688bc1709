"""What a worker has done since its start, in numbers.

Comes in: what happens, a batch at a time. Goes out: a line of the log; `streams.runtime.metrics` tells the same to
Prometheus.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from prometheus_client import Histogram

from streams.core.changes import Change
from streams.log import counted

KINDS_TOLD: Final = 5
# A step takes some milliseconds, a shard of millions of profiles half a minute to load.
BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Durations:
    """How long things took, in seconds."""

    def __init__(self) -> None:
        self.step = _seconds("step", "Time to apply a batch of events, of at most 2,000.")
        self.tick = _seconds("tick", "Time to work off a slice of the deadlines that have come.")
        self.checkpoint = _seconds("checkpoint", "Time to store a checkpoint in Redis.")
        self.publish = _seconds("publish", "Time until Kafka has confirmed what a checkpoint publishes to a topic.")
        self.load = _seconds("load", "Time from when a shard is given to a worker until it is loaded.")

    def __iter__(self) -> Iterator[Histogram]:
        yield from vars(self).values()


def _seconds(name: str, means: str) -> Histogram:
    return Histogram(f"segmenter_{name}_seconds", means, registry=None, buckets=BUCKETS_S)


@dataclass(slots=True)
class Counters:
    """Since the worker's start; `rejects` by reason code. How far behind it is, `streams.monitoring.health` knows.

    records: those read, by topic and what they turned out to be.
    ignored: events of kinds that mean nothing to us, by kind.
    rerouted: records that came to a foreign partition and were sent home.
    unlinked: records under aliases that reach no user any more, and links that were refused, by reason.
    erasures: commands to erase a user that were done. refused: events of before their user was erased.
    warnings: what was odd about records that were taken, by kind (`streams.sources.warnings`).
    changes_by: changes by rule and cause.
    lives: how often the worker began, in this process.
    """

    events: int = 0
    duplicates: int = 0
    rerouted: int = 0
    erasures: int = 0
    refused: int = 0
    changes: int = 0
    checkpoints: int = 0
    lives: int = 0
    records: Counter[tuple[str, str]] = field(default_factory=Counter)
    rejects: Counter[str] = field(default_factory=Counter)
    unlinked: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    changes_by: Counter[tuple[str, str]] = field(default_factory=Counter)
    seconds: Durations = field(default_factory=Durations)

    def changed(self, changes: Sequence[Change]) -> None:
        """Those that are told; none of rules in shadow."""
        told = [(change.rule, change.cause) for change in changes if not change.is_shadow]
        self.changes += len(told)
        self.changes_by.update(told)

    def summary(self) -> str:
        """One line for the log."""
        parts = [counted(self.events, "event"), counted(self.changes, "change")]
        parts += [counted(self.checkpoints, "checkpoint")]
        parts += [counted(self.duplicates, "duplicate")] if self.duplicates else []
        parts += [f"{self.rerouted:,} rerouted"] if self.rerouted else []
        parts += [f"{count:,} ignored ({kind})" for kind, count in self.ignored.most_common(KINDS_TOLD)]
        parts += [f"{count:,} of nobody ({reason})" for reason, count in sorted(self.unlinked.items())]
        parts += [counted(self.erasures, "erasure")] if self.erasures else []
        parts += [f"{self.refused:,} refused of erased users"] if self.refused else []
        parts += [f"{count:,} odd ({kind})" for kind, count in sorted(self.warnings.items())]
        parts += [f"{count:,} rejected ({code})" for code, count in sorted(self.rejects.items())]
        return ", ".join(parts)
