"""All figures of a `deliver`, as Prometheus reads them: those of its shards by the names that a worker's have.

Comes in: the monitor. Goes out: a registry, which a scrape empties into text.
"""

from collections.abc import Sequence
from typing import Final

from prometheus_client import CollectorRegistry

from streams.dispatch.monitor import Monitor
from streams.monitoring import metrics
from streams.monitoring.metrics import OF_SHARDS, Spec, counted

SPECS: Final[Sequence[Spec[Monitor]]] = (
    *OF_SHARDS,
    Spec(
        "segmenter_lag_records",
        "Records that the broker has and that are not applied.",
        ("topic", "partition"),
        lambda it: [((topic, str(shard)), records) for topic, shard, records, _ in it.lagging],
    ),
    Spec(
        "segmenter_lag_seconds",
        "For how long the oldest record that is not applied has been there, as far as this process has seen.",
        ("topic", "partition"),
        lambda it: [((topic, str(shard)), seconds) for topic, shard, _, seconds in it.lagging],
    ),
    Spec(
        "segmenter_deliveries_total",
        "Decisions about a message and a user, as on the topic `deliveries`; those about changes to an endpoint have no"
        " message.",
        ("message", "decision"),
        lambda it: counted(it.decisions),
    ),
    Spec(
        "segmenter_webhook_attempts_total",
        "Attempts to bring a webhook to its endpoint: arrived or failed.",
        ("outcome",),
        lambda it: (((outcome,), count) for outcome, count in counted(it.attempts)),
    ),
    Spec(
        "segmenter_webhooks_waiting",
        "Webhooks that have not arrived and will be tried again.",
        ("partition",),
        lambda it: (((str(shard),), count) for shard, count in it.waiting_webhooks.items()),
    ),
)


def registry(monitor: Monitor) -> CollectorRegistry:
    return metrics.registry(SPECS, monitor)
