"""What is looked through: the group's state in Redis, the rules that it runs, the newest of its topics, and the time.

Comes in: the settings, and a clock (ms). Goes out: a `Window`, used inside `running`.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import PurePath
from typing import Any, Final, TypeVar

from streams.core.rules.rulebook import Rulebook
from streams.delivery.message import Messages
from streams.lifecycle.checking import InForce, in_force, readable
from streams.lifecycle.reach import HowFar, Reach, how_far
from streams.lifecycle.versions import Version, ahead, files_of, live, newest
from streams.native.code import folder
from streams.rulefiles.folder import Files, rules_in
from streams.settings import Settings, cache_folder
from streams.state.opening import opened_store, redis_store
from streams.state.store import Store
from streams.topics import DEAD_LETTERS, DELIVERIES, SEGMENT_CHANGES
from streams.web.stopping import Stopping
from streams.web.views.behind import Behind
from streams.web.views.board import Board
from streams.web.views.changes import read_change
from streams.web.views.dead_letters import read_dead_letter
from streams.web.views.decisions import read_decision
from streams.web.views.tail import Tail

CHANGES_KEPT: Final = 5_000
DEAD_LETTERS_KEPT: Final = 1_000
DECISIONS_KEPT: Final = 5_000
LOOKS_FOR_ENGINE_EVERY_S: Final = 5.0
LOOKS_FOR_RULES_EVERY_S: Final = 1.0
ASKS_HOW_FAR_EVERY_S: Final = 30.0
LOOKED_AT: Final = 2_000  # profiles, of what is worked out apart: some tenths of a second

Found = TypeVar("Found")


def wall_clock() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True)
class Rules:
    """The rules in force, by whichever version they are; None where they are those of the folder."""

    rulebook: Rulebook
    messages: Messages
    files: Files
    version: Version | None

    @classmethod
    def of(cls, found: InForce) -> "Rules":
        return cls(found.checked.rulebook, found.checked.messages, found.checked.files, found.version)

    @cached_property
    def paths(self) -> Mapping[str, str]:
        """Of each rule the name of its file: it is called as the rule is."""
        return {PurePath(path).stem: path for path in rules_in(self.files)[0]}

    def text(self, rule: str) -> str:
        return self.files.get(self.paths.get(rule, ""), "")


class Kept:
    """How far topics reach back, asked of Kafka now and then, however often somebody writes."""

    def __init__(self, ask: HowFar):
        self._ask = ask
        self._found = Reach()
        self._until_s = -math.inf

    async def __call__(self) -> Reach:
        if time.monotonic() > self._until_s:
            self._found = await self._ask()
            self._until_s = time.monotonic() + ASKS_HOW_FAR_EVERY_S
        return self._found


class Window:
    def __init__(
        self,
        settings: Settings,
        stopping: Stopping,
        clock: Callable[[], int] = wall_clock,
        store: Store | None = None,
    ):
        self.settings = settings
        self.stopping = stopping
        self.clock = clock
        self.store = store or redis_store(settings)
        self._is_lent = store is not None
        self.changes = Tail(settings, SEGMENT_CHANGES.name, CHANGES_KEPT, read_change)
        self.dead_letters = Tail(settings, DEAD_LETTERS.name, DEAD_LETTERS_KEPT, read_dead_letter)
        self.decisions = Tail(settings, DELIVERIES.name, DECISIONS_KEPT, read_decision)
        self.behind = Behind(settings, self.store)
        self.backtests = Board(self.store, settings)
        self.reach: HowFar = Kept(partial(how_far, settings))
        self._rules: Rules | None = None
        self._ahead: tuple[Version, Rules | None] | None = None
        self._reading = asyncio.Lock()
        self._looked_s = 0.0
        self._looking = asyncio.Lock()

    async def apart(self, work: Callable[[Store], Awaitable[Found]]) -> Found:
        """What is worked out in a thread of its own, over a connection of its own: others are served meanwhile."""

        async def worked() -> Found:
            if self._is_lent:
                return await work(self.store)
            async with opened_store(self.settings) as store:
                return await work(store)

        return await asyncio.to_thread(lambda: asyncio.run(worked()))

    async def rules(self) -> Rules:
        """Those in force: another version that is applied is seen within a second. However many ask, they are read
        once."""
        async with self._looking:
            now_s = time.monotonic()
            if self._rules is None or now_s - self._looked_s > LOOKS_FOR_RULES_EVERY_S:
                self._looked_s = now_s
                self._rules = await self._newest(self._rules)
            return self._rules

    def look_again(self) -> None:
        """Rules were applied through this window: whoever looks next sees them."""
        self._looked_s = -math.inf

    async def latest(self) -> Rules:
        """Those that were applied last: of the version that awaits its past, while one does; else those in force."""
        rules, group = await self.rules(), self.store.group
        version = (await ahead(group, rules.version)).awaited
        return rules if version is None else await self.of(version) or rules

    async def of(self, version: Version) -> Rules | None:
        """Those of the version that was applied last and is not in force: it awaits its past, or was refused. However
        often they are asked for, they are read once. None where what was applied then has faults today."""
        async with self._reading:
            if self._ahead is None or self._ahead[0] != version:
                checked = await asyncio.to_thread(readable, await files_of(self.store.group, version))
                self._ahead = version, None if checked is None else Rules.of(InForce(version, checked))
            return self._ahead[1]

    async def _newest(self, known: Rules | None) -> Rules:
        group = self.store.group
        if known is not None:
            version = await live(group) if known.version is None else await newest(group, known.version)
            if version == known.version:
                return known
        return Rules.of(await in_force(group, self.settings.rules))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        tails = (self.changes, self.dead_letters, self.decisions)
        runs = (*(tail.follow for tail in tails), self.behind.follow, self.backtests.follow, _take_compiled)
        try:
            async with asyncio.TaskGroup() as beside:
                each = [beside.create_task(run()) for run in runs]
                yield
                for task in each:
                    task.cancel()
        finally:
            await self.store.close()

    def away(self, tail: Tail[Any] | None = None) -> str | None:
        """Why nothing new comes of a topic just now: of that of changes where none is named."""
        return (tail or self.changes).away or self.behind.away

    async def trouble(self) -> str | None:
        return self.away()


async def _take_compiled() -> None:
    """Explain with machine code as soon as somebody on this machine has compiled the engine: it takes half a second to
    be read, which is nobody's to wait for. Until then the engine runs as it is, some ten times slower."""
    kept = await asyncio.to_thread(folder, cache_folder())
    before, found = -1, 0
    while not found or found != before:  # while there are more each time, somebody compiles it just now
        before, found = found, len(list(kept.glob("*.nbc")))
        await asyncio.sleep(LOOKS_FOR_ENGINE_EVERY_S)
    from streams.native.build import compile_kernel  # noqa: PLC0415 - numba takes half a second and 60 MB

    await asyncio.to_thread(compile_kernel, cache_folder())
