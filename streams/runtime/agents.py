"""What Faust sees of us: an agent a source, a timer, and what to do when the group changes hands.

Comes in: a Faust app. Goes out: the same, with everything declared on it.

The agents only hand over: whatever blocked in one would hold up the fetches of all. Acks are off, as a record is
done when a checkpoint says so and not when an agent has seen it.
"""

from typing import Any, Final

import faust

from streams.log import log
from streams.observed.recorder import Recorder
from streams.runtime.assignment import Assignment
from streams.runtime.monitor import Monitor
from streams.runtime.quintiles import Refresher
from streams.runtime.transport.driver import FailingApp
from streams.runtime.transport.fetching import Fetched
from streams.runtime.transport.transport import FetchedSchema
from streams.settings import Settings
from streams.topics import READ_BY_WORKERS

# How late a deadline may be noticed.
TICK_EVERY_S: Final = 0.1
SUMMARY_EVERY_S: Final = 60.0
NOTE_EVERY_S: Final = 10.0
# How late it may be noticed that a topic was given more partitions.
LOOK_EVERY_S: Final = 3.0
# How late a shard may hear of new quintile edges.
REFRESH_EVERY_S: Final = 1.0
# How late it may be noticed that another version of the rules is live.
RULES_EVERY_S: Final = 1.0


class Declared(FailingApp):
    """Its parts are there once the app starts."""

    shards: Assignment
    worker_monitor: Monitor
    recorder: Recorder
    refresher: Refresher

    async def look_at_rules(self) -> None:
        """Take over another version, if one is live."""
        raise NotImplementedError


def declare(app: Declared, settings: Settings) -> None:
    """Everything that happens in the app."""
    for source in READ_BY_WORKERS:
        topic = app.topic(settings.topic(source.name), schema=FetchedSchema(), acks=False)
        app.agent(topic, name=source.name)(_hand_over(app))
    _declare_timers(app)
    _declare_changes_of_hands(app)


def _hand_over(app: Declared) -> Any:
    async def agent(fetches: faust.Stream[Fetched]) -> None:
        async for fetched in fetches:
            async with app.failing(f"shard {fetched.tp.partition}"):
                app.shards.receive(fetched)

    return agent


def _declare_timers(app: Declared) -> None:
    @app.timer(TICK_EVERY_S)
    async def tick() -> None:
        async with app.failing("the clock"):
            app.shards.tick()

    @app.timer(SUMMARY_EVERY_S)
    async def tell() -> None:
        async with app.failing("the summary"):
            log.info("worker - %s; %s", app.worker_monitor.counters.summary(), app.worker_monitor.health)

    @app.timer(NOTE_EVERY_S)
    async def note() -> None:
        async with app.failing("the recorder"):
            await app.recorder.note()

    @app.timer(LOOK_EVERY_S)
    async def look() -> None:
        async with app.failing("the topics"):
            await app.shards.look_at_topics()
        async with app.failing("the shards of this worker"):
            app.shards.look_at_given_up()

    @app.timer(REFRESH_EVERY_S)
    async def refresh() -> None:
        async with app.failing("the quintile edges"):
            await app.refresher.refresh()

    @app.timer(RULES_EVERY_S)
    async def rules() -> None:
        async with app.failing("the rules"):
            await app.look_at_rules()


def _declare_changes_of_hands(app: Declared) -> None:
    async def assigned(_: object, *given: Any, **__: object) -> None:
        async with app.failing("taking over shards"):
            app.shards.assigned(given[0])

    async def revoked(_: object, *__: object, **___: object) -> None:
        async with app.failing("letting go of shards"):
            await app.shards.let_go()

    app.on_partitions_assigned.connect(assigned)  # type: ignore[arg-type]  # Faust's type names an argument
    app.on_partitions_revoked.connect(revoked)  # type: ignore[arg-type]  # that Faust does not give by name
