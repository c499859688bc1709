"""Everything that `segmenter dev` needs, started in order and stopped in the other.

    whoever compiles the engine ▶ Kafka, Redis ▶ a worker's process ▶ the company and the view
                                                ▶ who delivers messages, and the web process

Comes in: how the company should be. Goes out: nothing; what was started has ended, whatever the reason.
"""

import asyncio
import secrets
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
from streams.demo.child import CONTEXT, Child
from streams.demo.clock import SharedClock
from streams.demo.environment import KEPT, write_environment
from streams.demo.featured import featured
from streams.demo.lines import Lines
from streams.demo.player import HISTORY_MS, Player
from streams.demo.processes import compile_engine, deliver, serve_web, work
from streams.demo.saved_rules import apply_saved, begin
from streams.demo.screen import Screen
from streams.demo.screen_state import ScreenState
from streams.demo.simulator import Company
from streams.demo.view import View
from streams.embedded.kafka import KafkaBroker
from streams.embedded.redis import RedisServer
from streams.embedded.server import HOST, free_port
from streams.errors import SegmenterError
from streams.kafka.provisioning import ensure
from streams.outputs.change_stream import bursts
from streams.setting_values import HostPort
from streams.settings import Settings

# A member that joins waits for half of it (streams.embedded.kafka).
SESSION_TIMEOUT_MS = 4_000
# Changes are news for so long, in seconds of whoever watches.
LIVE_WITHIN_S = 10
RULES_FOLLOWED_AFTER_S = 5.0
STOPS_AT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def run(
    settings: Settings,
    *,
    users: int,
    speed: float,
    seed: int,
    segments: tuple[str, ...],
    for_s: float | None,
    port: int | None,
    web_port: int | None = None,
) -> None:
    """`speed`: how many virtual ms go by in a ms. `segments`: what to show, where it is not for us to choose."""
    stopping = _told_to_stop(for_s)
    # Where nobody named a folder and there is none; one that was named and is not there is a fault.
    rules = shipped_rules() if settings.rules == Path("rules") and not settings.rules.exists() else settings.rules
    rulebook = rulefiles.load(rules)
    shown = featured(rulebook, segments)
    console = Console()
    with ExitStack() as started:
        folder = Path(started.enter_context(TemporaryDirectory(prefix="segmenter-dev-")))
        view = started.enter_context(_view_for(console, folder / "env"))
        compiler = started.enter_context(Child("compiler", compile_engine, (), folder / "compiler.log"))
        view.say(f"{len(rulebook.rules)} rules, those in {rules}: edit them, and they are run as you save them.")
        kafka, redis = _servers(started, folder, port, view)
        begin(rules, folder / "rules")
        own = {"rules": folder / "rules", "web_backtests": settings.web_backtests or folder / "backtests"}
        ours = _settings_for(kafka, redis, settings.model_copy(update=own), speed, web_port)
        write_environment(folder / "env", ours.model_copy(update={"rules": rules}))
        now_ms = time.time_ns() // 1_000_000
        clock = SharedClock(now_ms - HISTORY_MS, CONTEXT)
        partitions = {finding.topic: finding.partitions for finding in await ensure(ours)}
        worker = started.enter_context(Child("worker", work, (ours, clock), folder / "worker.log"))
        view.say("A worker starts.")
        started.enter_context(Child("deliverer", deliver, (ours, clock), folder / "deliver.log"))
        web = started.enter_context(Child("web process", serve_web, (ours, clock), folder / "web.log"))
        view.app = f"http://{ours.web}/"
        view.say(f"The company's app, with messages in it: {view.app}")
        view.say(f"The dashboard, who is in which segment and why: {view.app}dashboard/")
        state = ScreenState(shown, began_ms=clock(), since_ms=now_ms, now_ms=clock())
        player = Player(ours, partitions, Company(users, clock(), seed).records(), clock, speed, state)
        view.say(f"{users:,} users live through the {HISTORY_MS // DAY_MS} days before today.")
        await _until(
            stopping,
            player.play(),
            _show_changes(ours, state, view),
            _follow_worker(worker, player),
            _have_compiled(compiler, worker, player, state),
            _let_time_pass(web, player),
            _run_what_is_saved(ours, rules, view),
        )
        view.say("Stopping ...")
    console.print("Stopped; nothing is left behind.")


def shipped_rules() -> Path:
    """The rules that ship: in the package once it is installed, beside it in a checkout."""
    package = Path(streams.__file__).parent
    return next(folder for folder in (package / "rules", package.parent / "rules") if folder.exists())


def _view_for(console: Console, environment: Path) -> View:
    return (Screen if console.is_terminal else Lines)(console, str(environment))


def _servers(started: ExitStack, folder: Path, port: int | None, view: View) -> tuple[KafkaBroker, RedisServer]:
    kafka = started.enter_context(KafkaBroker(folder / "kafka", port))
    view.say(f"Kafka (Tansu, in memory) answers at {kafka.address}.")
    redis = started.enter_context(RedisServer(folder / "redis"))
    view.say(f"Redis answers at {redis.url}.")
    return kafka, redis


def _settings_for(
    kafka: KafkaBroker, redis: RedisServer, settings: Settings, speed: float, web_port: int | None
) -> Settings:
    """What the rules mean is the user's to set; how a Kafka of theirs is reached does not concern ours."""
    return Settings.from_environment(
        {},
        kafka=kafka.address,
        redis=redis.url,
        session_timeout=SESSION_TIMEOUT_MS,
        live_within=max(settings.live_within, int(LIVE_WITHIN_S * 1000 * speed)),
        web=HostPort(HOST, web_port or free_port()),
        feed_key=secrets.token_urlsafe(48),
        web_backtests=settings.web_backtests,
        **{name: getattr(settings, name) for name in KEPT},
    )


async def _show_changes(settings: Settings, state: ScreenState, view: View) -> None:
    """Read what comes out, and show it."""
    async for burst in bursts(settings, from_beginning=True):
        view.show(state, state.saw([change for _, change in burst]))


async def _follow_worker(worker: Child, player: Player) -> None:
    """Until it ends, which is for us to decide."""
    async for applied in worker.messages():
        player.worker_applied(applied)
    raise SegmenterError("The worker has stopped by itself.")


async def _let_time_pass(web: Child, player: Player) -> None:
    """As somebody who uses the app wants it."""
    async for ms in web.messages():
        player.skip(ms)
    raise SegmenterError("The web process has stopped by itself.")


async def _run_what_is_saved(settings: Settings, folder: Path, view: View) -> None:
    """The rules, as they are edited: nobody has edited one in the first seconds, in which there is enough to do."""
    await asyncio.sleep(RULES_FOLLOWED_AFTER_S)
    await apply_saved(settings, folder, view.say)


async def _have_compiled(compiler: Child, worker: Child, player: Player, state: ScreenState) -> None:
    """Have the worker go on with a compiled engine as soon as there is one."""
    async for compiled in compiler.messages():
        state.compiled = compiled
    worker.tell("compiled")
    player.engine_is_compiled()
    await asyncio.Event().wait()


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
    """Set by Ctrl-C, by SIGTERM, by a terminal that is closed, or when the time is over."""
    stopping, loop = asyncio.Event(), asyncio.get_running_loop()
    for each in STOPS_AT:
        loop.add_signal_handler(each, stopping.set)
    if for_s is not None:
        loop.call_later(for_s, stopping.set)
    return stopping
