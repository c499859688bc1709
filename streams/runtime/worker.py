"""What all shards of one worker share."""

from collections.abc import Callable
from dataclasses import dataclass

from streams.core.rules.rulebook import Rulebook
from streams.observed.recorder import Recorder
from streams.outputs.messages import Outputs
from streams.runtime.counters import Counters
from streams.runtime.producing import Producer
from streams.runtime.transport import Consumer
from streams.settings import Settings
from streams.sources import Decoder
from streams.state.store import ShardStore


@dataclass(frozen=True, slots=True)
class Worker:
    """Made once by `streams.runtime.app`. `clock` gives the time in ms; `partitions` is how many shards there are."""

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
