"""What Faust sees of us: an agent a source, a timer, and what to do when the group changes hands.

Comes in: a Faust app. Goes out: the same, with everything declared on it.

The agents only hand over: whatever blocked in one would hold up the fetches of all. Acks are off, as a record is
done when a checkpoint says so and not when an agent has seen it.
"""

from collections.abc import AsyncIterable
from typing import Any, Final

import faust

from streams.runtime.shards import Shards
from streams.runtime.telemetry import log
from streams.runtime.transport import Fetched, FetchedSchema
from streams.settings import Settings

# How late a deadline may be noticed.
TICK_EVERY_S: Final = 0.1
SUMMARY_EVERY_S: Final = 60.0


class Declared(faust.App):
    """`shards` is there once the app starts."""

    shards: Shards


def declare(app: Declared, settings: Settings) -> None:
    """Everything that happens in the app, named as Faust's tools will show it."""

    def source(role: str) -> Any:
        return app.topic(settings.topic(role), schema=FetchedSchema(), acks=False)

    @app.agent(source("product-events"), name="product-events")
    async def product_events(fetches: AsyncIterable[Fetched]) -> None:
        async for fetched in fetches:
            app.shards.receive(fetched)

    @app.agent(source("billing-updates"), name="billing-updates")
    async def billing_updates(fetches: AsyncIterable[Fetched]) -> None:
        async for fetched in fetches:
            app.shards.receive(fetched)

    @app.timer(TICK_EVERY_S)
    async def tick() -> None:
        await app.shards.tick()

    @app.timer(SUMMARY_EVERY_S)
    async def summary() -> None:
        behind = sum(app.shards.lag().values())
        log.info("worker - %s; %s records behind", app.shards.counters.summary(), f"{behind:,}")

    @app.on_partitions_assigned.connect
    async def assigned(_: Any, *given: Any, **__: Any) -> None:
        (tps,) = given
        app.shards.assigned(tps, app.consumer_generation_id)

    @app.on_partitions_revoked.connect
    async def revoked(_: Any, *__: Any, **___: Any) -> None:
        await app.shards.let_go()

    @app.on_before_shutdown.connect
    async def shutdown(_: Any, *__: Any, **___: Any) -> None:
        await app.shards.let_go()
