"""What every process tells Prometheus by the same names (https://prometheus.io/docs/practices/naming/).

Comes in: rows, and what they are read of. Goes out: a registry, which a scrape empties into text. Nothing is made of
them before somebody asks; no label has a user in it, nor anything else without a bound.
"""

import platform
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

from prometheus_client import CollectorRegistry, Histogram, Metric, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from streams import __version__
from streams.monitoring.health import Cause, Health, State

Of_contra = TypeVar("Of_contra", contravariant=True)
Key = TypeVar("Key")
Sample = tuple[tuple[str, ...], float]


class Spec(NamedTuple, Generic[Of_contra]):
    """A metric, what it means, its labels, and its values now. A name that ends in `_total` is a counter's."""

    name: str
    means: str
    labels: tuple[str, ...]
    samples: Callable[[Of_contra], Iterable[Sample]]

    def collected(self, of: Of_contra) -> Metric:
        family = CounterMetricFamily if self.name.endswith("_total") else GaugeMetricFamily
        metric = family(self.name, self.means, labels=self.labels)
        for labels, value in self.samples(of):
            metric.add_metric(labels, value)
        return metric


class Watched(Protocol):
    """A member of a group that shares shards. lives: how often it began, in this process. partitions: how many shards
    all members have; 0 while that is not known."""

    program: str
    partitions: int

    @property
    def health(self) -> Health: ...

    @property
    def lives(self) -> int: ...


def counted(counts: Mapping[Key, int]) -> Iterable[tuple[Key, int]]:
    """A copy: the event loop may add a key while a scrape goes through them."""
    return dict(counts).items()


def build(program: str) -> Iterator[Sample]:
    yield (program, __version__, platform.python_version()), 1


def _states(watched: Watched) -> Iterator[Sample]:
    for state, shards in watched.health.states.items():
        yield (state,), shards


def _waiting(watched: Watched) -> Iterator[Sample]:
    waits = [each.obstacle.cause for each in watched.health.shards if each.obstacle is not None]
    for cause in Cause:
        yield (cause,), waits.count(cause)


def _still(watched: Watched) -> Iterator[Sample]:
    for each in watched.health.shards:
        yield (str(each.shard),), 0.0 if each.state is State.LOADING else each.still_s


BUILD: Final = "segmenter_build_info"
BUILD_MEANS: Final = "Always 1; the labels say which program runs (worker, deliver or web), and which version."
BUILD_LABELS: Final = ("program", "version", "python")
OF_SHARDS: Final[Sequence[Spec[Watched]]] = (
    Spec(BUILD, BUILD_MEANS, BUILD_LABELS, lambda it: build(it.program)),
    Spec(
        "segmenter_restarts_total",
        "How often it began anew inside its process, as its client did not survive the loss of Kafka.",
        (),
        lambda it: [((), max(0, it.lives - 1))],
    ),
    Spec(
        "segmenter_partitions",
        "Partitions of the input topics: how many shards all members of the group have.",
        (),
        lambda it: [((), it.partitions)] if it.partitions else [],
    ),
    Spec("segmenter_shards", "Shards of this process, by where they stand.", ("state",), _states),
    Spec("segmenter_shards_waiting", "Shards of this process that wait, by what for.", ("cause",), _waiting),
    Spec(
        "segmenter_shard_still_seconds",
        "For how long a shard has had something to do and has not moved; 0 while it moves, rests or loads.",
        ("partition",),
        _still,
    ),
    Spec("segmenter_ready", "1 once all shards of this process are loaded.", (), lambda it: [((), it.health.is_ready)]),
)


class _Figures(Collector, Generic[Of_contra]):
    def __init__(self, specs: Sequence[Spec[Of_contra]], of: Of_contra, histograms: Iterable[Histogram]):
        self._specs, self._of, self._histograms = specs, of, list(histograms)

    def collect(self) -> Iterator[Metric]:
        for spec in self._specs:
            yield spec.collected(self._of)
        for each in self._histograms:
            for metric in each.collect():
                # When it was created is no figure of ours.
                metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
                yield metric


def registry(
    specs: Sequence[Spec[Of_contra]], of: Of_contra, histograms: Iterable[Histogram] = ()
) -> CollectorRegistry:
    """All of these figures, and those of the process."""
    found = CollectorRegistry(auto_describe=False)
    found.register(_Figures(specs, of, histograms))
    ProcessCollector(registry=found)
    return found
