"""HTTP in: events of SDKs, Stripe's webhooks and CloudEvents, into Kafka. docs/http.md tells users of it.

    senders.py    READ FIRST: a request, from its key to Kafka's confirmation; what SDKs, Stripe and CloudEvents share
    segment.py    what the SDKs of Segment and their kin send
    sdk_settings.py  what those SDKs ask for when they begin
    stripe.py     Stripe's webhooks
    cloudevents.py  CloudEvents
    billing.py    billing updates, of both
    keys.py       whose events these are

An answer of 200 says that Kafka has confirmed all that was taken. What is refused is no dead letter: its sender was
told, and it is counted.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from streams.kafka.confirmed import Confirmed
from streams.settings import Settings
from streams.state.opening import redis_store
from streams.state.store import GroupStore
from streams.web.collect import cloudevents, sdk_settings, segment, stripe
from streams.web.collect.keys import WriteKeys
from streams.web.collect.senders import Gate, Kafka
from streams.web.parts import Served
from streams.web.stopping import Stopping


def serve(settings: Settings, _: Stopping) -> Served:
    kafka, store = Confirmed(settings), redis_store(settings)

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        async with kafka.running():
            yield
        await store.close()

    return replace(served(settings, kafka, store.group), running=running)


def served(settings: Settings, kafka: Kafka, store: GroupStore) -> Served:
    """The part, over whatever confirms its records and remembers ids."""
    keys = WriteKeys.of(settings)
    gate = Gate(settings, keys)

    async def trouble() -> str | None:
        return kafka.away

    resources = {
        **segment.resources(settings, gate, kafka),
        **stripe.resources(settings, gate, kafka, store),
        **cloudevents.resources(settings, gate, kafka),
    }
    return Served(sdk_settings.routes(settings, keys), trouble=trouble, resources=resources)
