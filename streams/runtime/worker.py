"""What all shards of one worker share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from dataclasses import replace as with_others
from typing import Any

from msgspec.structs import replace

from streams.core.compiler.catalog import Catalog
from streams.core.rules.rulebook import Rulebook
from streams.observed.recorder import Recorder
from streams.outputs.messages import Outputs
from streams.runtime.counters import Counters
from streams.runtime.pace import Line
from streams.runtime.transport.producing import Producer
from streams.runtime.transport.transport import Consumer
from streams.settings import Settings
from streams.sources import Decoder, InputOptions
from streams.sources.warnings import Warnings
from streams.state.store import ShardStore


@dataclass(frozen=True, slots=True)
class Worker:
    """Made once by `streams.runtime.app`, and anew for each version of the rules (`under`).

    `clock` gives the time in ms; `partitions` is how many shards there are; `version` is that under which the past of
    the rules is kept (`streams.lifecycle.versions`), 0 where nothing was ever applied. has_limit: whether whom these
    rules would move is counted before they are taken over. has_past: whether they come with a past, by which a shard is
    filled in that lacks what they read. taking_over: the shards with profiles that other rules wrote, which one of them
    works off at a time.
    """

    settings: Settings
    rulebook: Rulebook
    store: ShardStore
    clock: Callable[[], int]
    consumer: Consumer
    producer: Producer
    decoder: Decoder
    outputs: Outputs
    counters: Counters
    recorder: Recorder
    partitions: int
    version: int = 0
    has_limit: bool = False
    taking_over: Line = field(default_factory=Line)
    has_past: bool = False

    def under(self, rulebook: Rulebook, version: int, *, has_limit: bool = False, has_past: bool = False) -> "Worker":
        """The same under other rules, which read other things of events."""
        reads = decoder_for(rulebook, self.settings, self.counters)
        return with_others(
            self, rulebook=rulebook, decoder=reads, version=version, has_limit=has_limit, has_past=has_past
        )

    def silent(self, consumer: Any, nobody: Any) -> "Worker":
        """The same for shards of which nobody is told, who read by a consumer of their own. nobody: in the place of the
        producer and of who notes what is read."""
        counters = Counters()
        decoder = decoder_for(self.rulebook, self.settings, counters)
        return with_others(
            self,
            consumer=consumer,
            producer=nobody,
            recorder=nobody,
            counters=counters,
            decoder=decoder,
            taking_over=Line(),
        )


def decoder_for(rulebook: Rulebook, settings: Settings, counters: Counters) -> Decoder:
    reads = replace(Catalog(rulebook).reads, unlinked_whole=True)
    return Decoder(reads, InputOptions.of(settings), Warnings(counters.warnings))
