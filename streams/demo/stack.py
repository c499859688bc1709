"""Everything that `segmenter dev` needs, started in order and stopped in the other.

    Kafka, Redis ▶ a worker's process ▶ the company and the view

Comes in: how the company should be. Goes out: nothing; what was started has ended, whatever the reason.
"""

import asyncio
import signal
import time
from collections.abc import Coroutine
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console

import streams
from streams import rulefiles
from streams.core.instants import DAY_MS
from streams.demo.clock import SharedClock
from streams.demo.player import HISTORY_MS, Player
from streams.demo.screen import View, view_for
from streams.demo.screen_state import ScreenState
from streams.demo.simulator import Company
from streams.demo.worker_process import CONTEXT, WorkerProcess
from streams.embedded.kafka import KafkaBroker
from streams.embedded.redis import RedisServer
from streams.kafka.provisioning import ensure
from streams.settings import MEANING, Settings

# A member that joins waits for half of it (streams.embedded.kafka).
SESSION_TIMEOUT_MS = 6_000
# Changes are news for so long, in seconds of whoever watches.
LIVE_WITHIN_S = 10


async def run(
    settings: Settings, *, users: int, speed: float, seed: int, for_s: float | None, port: int | None
) -> None:
    """`speed`: how many virtual ms go by in a ms."""
    stopping = _told_to_stop(for_s)
    # Where nobody named a folder and there is none; one that was named and is not there is a fault.
    rules = shipped_rules() if settings.rules == Path("rules") and not settings.rules.exists() else settings.rules
    rulebook = rulefiles.load(rules)
    console = Console()
    with ExitStack() as started:
        view = started.enter_context(view_for(console))
        view.say(f"The rules are those in {rules}.")
        folder = Path(started.enter_context(TemporaryDirectory(prefix="segmenter-dev-")))
        kafka, redis = _servers(started, folder, port, view)
        ours = _settings_for(kafka, redis, settings.model_copy(update={"rules": rules}), speed)
        clock = SharedClock(time.time_ns() // 1_000_000, CONTEXT)
        partitions = {finding.topic: finding.partitions for finding in await ensure(ours)}
        worker = started.enter_context(WorkerProcess(ours, clock, folder / "worker.log"))
        view.say("A worker starts; the first time it compiles its engine, which takes half a minute.")
        company = Company(users, clock() - HISTORY_MS, seed)
        scene = ScreenState(rulebook.segments, _how_to_join(ours, rulebook.names), clock())
        player = Player(ours, partitions, company.records(), clock, speed, scene)
        view.say(f"{users:,} users live through the {HISTORY_MS // DAY_MS} days before today.")
        await _until(stopping, player.play(worker.ready), player.follow(view), worker.watch())
    console.print("Stopped; nothing is left behind.")


def shipped_rules() -> Path:
    """The rules that ship: in the package once it is installed, beside it in a checkout."""
    package = Path(streams.__file__).parent
    return next(folder for folder in (package / "rules", package.parent / "rules") if folder.exists())


def _servers(started: ExitStack, folder: Path, port: int | None, view: View) -> tuple[KafkaBroker, RedisServer]:
    kafka = started.enter_context(KafkaBroker(folder / "kafka", port))
    view.say(f"Kafka (Tansu, in memory) answers at {kafka.address}.")
    redis = started.enter_context(RedisServer(folder / "redis"))
    view.say(f"Redis answers at {redis.url}.")
    return kafka, redis


def _settings_for(kafka: KafkaBroker, redis: RedisServer, settings: Settings, speed: float) -> Settings:
    """What the rules mean is the user's to set; how a Kafka of theirs is reached does not concern ours."""
    return Settings.from_environment(
        {},
        kafka=kafka.address,
        redis=redis.url,
        session_timeout=SESSION_TIMEOUT_MS,
        live_within=max(settings.live_within, int(LIVE_WITHIN_S * 1000 * speed)),
        **{name: getattr(settings, name) for name in MEANING},
    )


async def _until(stopping: asyncio.Event, *parts: Coroutine[Any, Any, None]) -> None:
    """Run the parts until told to stop or one of them fails."""
    running = [asyncio.create_task(part) for part in (stopping.wait(), *parts)]
    done, pending = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    for task in done:
        task.result()


def _told_to_stop(for_s: float | None) -> asyncio.Event:
    """Set by Ctrl-C, by SIGTERM, or when the time is over."""
    stopping, loop = asyncio.Event(), asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stopping.set)
    if for_s is not None:
        loop.call_later(for_s, stopping.set)
    return stopping


def _how_to_join(settings: Settings, segments: tuple[str, ...]) -> tuple[str, ...]:
    first = f" --segment {segments[0]}" if segments else ""
    return (
        f"segmenter watch --kafka {settings.kafka}{first}",
        f"segmenter explain u-00001 --redis {settings.redis.get_secret_value()}",
    )
