"""All figures of a worker, as Prometheus reads them (https://prometheus.io/docs/practices/naming/).

Comes in: the monitor's counters and figures. Goes out: a registry, which a scrape empties into text. Nothing is made of
them before somebody asks; no label has a user in it, nor anything else without a bound.
"""

import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, NamedTuple, TypeVar

from prometheus_client import CollectorRegistry, Metric, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from streams import __version__
from streams.monitoring.health import Cause, State
from streams.runtime.monitor import Figures, Monitor

Key = TypeVar("Key")
Sample = tuple[tuple[str, ...], float]


class Spec(NamedTuple):
    """A metric, what it means, its labels, and its values now. A name that ends in `_total` is a counter's."""

    name: str
    means: str
    labels: tuple[str, ...]
    samples: Callable[[Monitor], Iterable[Sample]]

    def collected(self, monitor: Monitor) -> Metric:
        family = CounterMetricFamily if self.name.endswith("_total") else GaugeMetricFamily
        metric = family(self.name, self.means, labels=self.labels)
        for labels, value in self.samples(monitor):
            metric.add_metric(labels, value)
        return metric


def _of_each(value: Callable[[Figures], float | None]) -> Callable[[Monitor], Iterator[Sample]]:
    """A value of each loaded shard, where there is one."""

    def samples(monitor: Monitor) -> Iterator[Sample]:
        for each in monitor.figures:
            if (found := value(each)) is not None:
                yield (str(each.shard),), found

    return samples


def _build(_: Monitor) -> Iterator[Sample]:
    yield (__version__, platform.python_version()), 1


def _events(monitor: Monitor) -> Iterator[Sample]:
    counters = monitor.counters
    yield ("applied",), counters.events - counters.duplicates - counters.refused
    yield ("duplicate",), counters.duplicates
    yield ("refused",), counters.refused


def _lags(monitor: Monitor, seconds: bool) -> Iterator[Sample]:
    for each in monitor.figures:
        for lag in each.lags:
            yield (lag.topic, str(each.shard)), lag.seconds if seconds else lag.records


def _members(monitor: Monitor) -> Iterator[Sample]:
    for each in monitor.figures:
        for segment, members in each.members.items():
            yield (segment, str(each.shard)), members


def _states(monitor: Monitor) -> Iterator[Sample]:
    for state, shards in monitor.health.states.items():
        yield (state,), shards


def _waiting(monitor: Monitor) -> Iterator[Sample]:
    waits = [each.obstacle.cause for each in monitor.health.shards if each.obstacle is not None]
    for cause in Cause:
        yield (cause,), waits.count(cause)


def _still(monitor: Monitor) -> Iterator[Sample]:
    for each in monitor.health.shards:
        yield (str(each.shard),), 0.0 if each.state is State.LOADING else each.still_s


def _dead_letters(monitor: Monitor) -> Iterator[Sample]:
    return (((code,), count) for code, count in _counted(monitor.counters.rejects))


def _counted(counts: Mapping[Key, int]) -> Iterable[tuple[Key, int]]:
    """A copy: the event loop may add a key while a scrape goes through them."""
    return dict(counts).items()


SPECS: Final = (
    Spec("segmenter_build_info", "Always 1; the labels say which version runs.", ("version", "python"), _build),
    Spec(
        "segmenter_records_total",
        "Records read, by what they turned out to be: event, ignored, rejected or rerouted.",
        ("topic", "outcome"),
        lambda it: _counted(it.counters.records),
    ),
    Spec(
        "segmenter_events_total", "Events that came to a shard: applied, duplicate or refused.", ("outcome",), _events
    ),
    Spec(
        "segmenter_changes_total",
        "Changes made, by rule and cause.",
        ("rule", "cause"),
        lambda it: _counted(it.counters.changes_by),
    ),
    Spec(
        "segmenter_dead_letters_total",
        "Records that could not be used.",
        ("reason_code",),
        _dead_letters,
    ),
    Spec(
        "segmenter_input_warnings_total",
        "What was odd about records that were taken all the same.",
        ("kind",),
        lambda it: (((kind,), count) for kind, count in _counted(it.counters.warnings)),
    ),
    Spec("segmenter_checkpoints_total", "Checkpoints written.", (), lambda it: [((), it.counters.checkpoints)]),
    Spec("segmenter_erasures_total", "Users erased.", (), lambda it: [((), it.counters.erasures)]),
    Spec(
        "segmenter_restarts_total",
        "How often the worker began anew inside its process, as its client did not survive the loss of Kafka.",
        (),
        lambda it: [((), max(0, it.counters.lives - 1))],
    ),
    Spec(
        "segmenter_partitions",
        "Partitions of the input topics: how many shards all workers have.",
        (),
        lambda it: [((), it.partitions)] if it.partitions else [],
    ),
    Spec(
        "segmenter_rules_version",
        "The version of the rules that this worker runs.",
        (),
        lambda it: [((), it.rules.number)] if it.rules is not None else [],
    ),
    Spec(
        "segmenter_rules_differ",
        "1 while the folder of SEGMENTER_RULES has other rules than those that are live: apply them, or restore it.",
        (),
        lambda it: [((), bool(it.rules.differs))] if it.rules is not None else [],
    ),
    Spec("segmenter_shards", "Shards of this worker, by where they stand.", ("state",), _states),
    Spec("segmenter_shards_waiting", "Shards of this worker that wait, by what for.", ("cause",), _waiting),
    Spec(
        "segmenter_shard_still_seconds",
        "For how long a shard has had something to do and has not moved; 0 while it moves, rests or loads.",
        ("partition",),
        _still,
    ),
    Spec("segmenter_ready", "1 once all shards of this worker are loaded.", (), lambda it: [((), it.health.is_ready)]),
    Spec(
        "segmenter_lag_records",
        "Records that the broker has and that are not applied.",
        ("topic", "partition"),
        lambda it: _lags(it, seconds=False),
    ),
    Spec(
        "segmenter_lag_seconds",
        "For how long the oldest record that is not applied has been there, as far as this worker has seen.",
        ("topic", "partition"),
        lambda it: _lags(it, seconds=True),
    ),
    Spec(
        "segmenter_deadline_lateness_seconds",
        "How long ago the oldest deadline came that has not been worked off; 0 where none waits.",
        ("partition",),
        _of_each(lambda each: each.late_s),
    ),
    Spec(
        "segmenter_last_checkpoint_timestamp_seconds",
        "When Redis last took a checkpoint. There is none while nothing happens.",
        ("partition",),
        _of_each(lambda each: each.saved_at),
    ),
    Spec(
        "segmenter_last_publish_timestamp_seconds",
        "When Kafka last took changes. There are none while nothing happens.",
        ("partition",),
        _of_each(lambda each: each.published_at),
    ),
    Spec("segmenter_members", "Members of a segment, among the users of a shard.", ("segment", "partition"), _members),
    Spec("segmenter_profiles", "Profiles.", ("partition",), _of_each(lambda each: each.profiles)),
    Spec(
        "segmenter_profile_bytes",
        "What the rows of profiles take in memory.",
        ("partition",),
        _of_each(lambda each: each.row_bytes),
    ),
)


class _Figures(Collector):
    def __init__(self, monitor: Monitor):
        self._monitor = monitor

    def collect(self) -> Iterator[Metric]:
        for spec in SPECS:
            yield spec.collected(self._monitor)
        for each in self._monitor.counters.seconds:
            for metric in each.collect():
                # When it was created is no figure of a worker's.
                metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
                yield metric


def registry(monitor: Monitor) -> CollectorRegistry:
    """All figures of a worker, and those of its process."""
    found = CollectorRegistry(auto_describe=False)
    found.register(_Figures(monitor))
    ProcessCollector(registry=found)
    return found
