"""All figures of a worker, as Prometheus reads them.

Comes in: the monitor's counters and figures. Goes out: a registry, which a scrape empties into text. What every process
with shards tells is in `streams.monitoring.metrics`.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from prometheus_client import CollectorRegistry

from streams.monitoring import metrics
from streams.monitoring.metrics import OF_SHARDS, Sample, Spec, counted
from streams.runtime.monitor import Figures, Monitor


def _of_each(value: Callable[[Figures], float | None]) -> Callable[[Monitor], Iterator[Sample]]:
    """A value of each loaded shard, where there is one."""

    def samples(monitor: Monitor) -> Iterator[Sample]:
        for each in monitor.figures:
            if (found := value(each)) is not None:
                yield (str(each.shard),), found

    return samples


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


def _dead_letters(monitor: Monitor) -> Iterator[Sample]:
    return (((code,), count) for code, count in counted(monitor.counters.rejects))


SPECS: Final[Sequence[Spec[Monitor]]] = (
    *OF_SHARDS,
    Spec(
        "segmenter_records_total",
        "Records read, by what they turned out to be: event, ignored, rejected or rerouted.",
        ("topic", "outcome"),
        lambda it: counted(it.counters.records),
    ),
    Spec(
        "segmenter_events_total", "Events that came to a shard: applied, duplicate or refused.", ("outcome",), _events
    ),
    Spec(
        "segmenter_changes_total",
        "Changes made, by rule and cause.",
        ("rule", "cause"),
        lambda it: counted(it.counters.changes_by),
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
        lambda it: (((kind,), count) for kind, count in counted(it.counters.warnings)),
    ),
    Spec("segmenter_checkpoints_total", "Checkpoints written.", (), lambda it: [((), it.counters.checkpoints)]),
    Spec("segmenter_erasures_total", "Users erased.", (), lambda it: [((), it.counters.erasures)]),
    Spec(
        "segmenter_unlinked_total",
        "Records under aliases that reach no user any more, and links that were refused, by reason.",
        ("reason",),
        lambda it: (((reason,), count) for reason, count in counted(it.counters.unlinked)),
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
    Spec(
        "segmenter_rules_refused",
        "1 while the rules that were applied last are not taken over, as they would move more than --max-change said.",
        (),
        lambda it: [((), bool(it.rules.refused))] if it.rules is not None else [],
    ),
    Spec(
        "segmenter_past_read_ratio",
        "While a version of the rules awaits its past: how much of it is made for a shard, 0 to 1.",
        ("partition",),
        _of_each(lambda each: each.past),
    ),
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
        "segmenter_unevaluated_profiles",
        "Profiles that wait to be evaluated under rules that were applied.",
        ("partition",),
        _of_each(lambda each: each.unevaluated),
    ),
    Spec(
        "segmenter_profile_bytes",
        "What the rows of profiles take in memory.",
        ("partition",),
        _of_each(lambda each: each.row_bytes),
    ),
    Spec(
        "segmenter_unlinked_aliases",
        "Aliases under which something waits to be linked to a user.",
        ("partition",),
        _of_each(lambda each: each.aliases),
    ),
    Spec(
        "segmenter_unlinked_bytes",
        "What waits under aliases takes so much in memory, and about as much in Redis: at most 512 MiB a shard.",
        ("partition",),
        _of_each(lambda each: each.alias_bytes),
    ),
)


def registry(monitor: Monitor) -> CollectorRegistry:
    """All figures of a worker, and those of its process."""
    return metrics.registry(SPECS, monitor, monitor.counters.seconds)
