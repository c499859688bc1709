"""What the web process counts, for Prometheus at `/metrics`.

Comes in: what happens. Goes out: the text format. Where others reach the process it is told to those alone who bear
`SEGMENTER_WEB_TOKEN`: how much comes under which name is nobody else's business.
"""

import hmac
from collections.abc import Iterator
from functools import cache
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    Metric,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from streams.monitoring.metrics import BUILD, BUILD_LABELS, BUILD_MEANS, build
from streams.settings import Settings
from streams.web.answers import fault

REGISTRY: Final = CollectorRegistry()
TAKEN: Final = Counter(
    "segmenter_collect_events", "Events that came by HTTP and that Kafka has confirmed.", ["key"], registry=REGISTRY
)
REFUSED: Final = Counter(
    "segmenter_collect_refused",
    "Events and requests that were refused, by the name of their write key and the code that their sender was told.",
    ["key", "code"],
    registry=REGISTRY,
)
CONFIRMED_IN: Final = Histogram(
    "segmenter_collect_confirmed_seconds",
    "From the end of a request's body until Kafka had confirmed all of it.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
    registry=REGISTRY,
)


class _Build(Collector):
    def collect(self) -> Iterator[Metric]:
        metric = GaugeMetricFamily(BUILD, BUILD_MEANS, labels=BUILD_LABELS)
        for labels, value in build("web"):
            metric.add_metric(labels, value)
        yield metric


REGISTRY.register(_Build())
ProcessCollector(registry=REGISTRY)


@cache
def taken(key: str) -> Counter:
    """What counts the events of the write key of this name; there are as many as are configured."""
    return TAKEN.labels(key)


def routes(settings: Settings) -> list[Route]:
    async def metrics(request: Request) -> Response:
        if not settings.web.is_loopback and not _is_let_in(request.headers.get("authorization", ""), settings):
            return fault(401, "no_token", "ask with Authorization: Bearer and what SEGMENTER_WEB_TOKEN says")
        return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)

    return [Route("/metrics", metrics)]


def _is_let_in(authorization: str, settings: Settings) -> bool:
    scheme, _, token = authorization.partition(" ")
    wanted = settings.secret("web_token")
    return bool(wanted) and scheme.lower() == "bearer" and hmac.compare_digest(token.encode(), str(wanted).encode())
