"""A collector without Kafka: what it would write is kept, and it can be away or busy."""

import base64
import json
from collections.abc import Iterable
from typing import Any

from httpx import ASGITransport, AsyncClient

from streams.errors import Busy, Unreachable
from streams.kafka.publisher import Outgoing
from streams.settings import Settings
from streams.state.memory import MemoryStore
from streams.web.app import WebApp
from streams.web.collect import served
from streams.web.parts import Part, Served
from streams.web.proxies import BehindProxies
from streams.web.stopping import Stopping


class KeptRecords:
    """away, busy: what it says instead of taking any."""

    def __init__(self) -> None:
        self.records: list[Outgoing] = []
        self.away: str | None = None
        self.busy = False

    async def write(self, records: Iterable[Outgoing]) -> None:
        if self.away is not None:
            raise Unreachable(self.away)
        if self.busy:
            raise Busy("too much")
        self.records += records

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(each.value) for each in self.records]


class Collector(AsyncClient):
    """A client of a collector of these settings."""

    def __init__(self, address: str = "203.0.113.7", **settings: str):
        said = {f"SEGMENTER_{name.upper()}": value for name, value in settings.items()}
        self.kafka = kafka = KeptRecords()
        self.store = store = MemoryStore().group

        class Collect(Part):
            def serve(self, settings: Settings, _: Stopping) -> Served:
                return served(settings, kafka, store)

        made = Settings.from_environment(said)
        app = BehindProxies(WebApp(made, [Collect("collect", "", "")]), made)
        super().__init__(transport=ASGITransport(app, client=(address, 1)), base_url="http://here")


def basic(key: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}
