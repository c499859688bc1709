"""The parts of the web process, a row each.

Comes in: the names after `--parts`. Goes out: which parts those are. A new row is a new part.
"""

import difflib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Final, NamedTuple

from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from streams.errors import UsageError
from streams.settings import Settings
from streams.web.stopping import Stopping


@asynccontextmanager
async def nothing_runs() -> AsyncIterator[None]:
    yield


async def no_trouble() -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Served:
    """What a part brings to the process.

    routes: its resources. running: the block in which they are served, with what they need beside them.
    trouble: why it cannot do its work just now, in words for an operator; None where it can. resources: those that are
    looked up by their exact path, before any route: where thousands a second are asked for.
    """

    routes: Sequence[BaseRoute]
    running: Callable[[], AbstractAsyncContextManager[None]] = nothing_runs
    trouble: Callable[[], Awaitable[str | None]] = no_trouble
    resources: Mapping[str, ASGIApp] = field(default_factory=dict)


class Part(NamedTuple):
    """module: has `serve(settings, stopping) -> Served`; it is imported when the part is on. needs: the secret without
    which it can serve nobody; none where empty."""

    name: str
    says: str
    module: str
    needs: str = ""

    def is_possible(self, settings: Settings) -> bool:
        return not self.needs or bool(settings.secret(self.needs))

    def serve(self, settings: Settings, stopping: Stopping) -> Served:
        served: Served = import_module(self.module).serve(settings, stopping)
        return served


PARTS: Final = (
    Part("collect", "events in: SDKs, Stripe's webhooks, CloudEvents", "streams.web.collect"),
    Part("feed", "messages out, to the browsers of users", "streams.web.feed", needs="feed_key"),
    Part("dashboard", "pages: who is in which segment, and why", "streams.web.dashboard"),
    Part("api", "the same by HTTP, for programs", "streams.web.api"),
)


def parts_called(names: Iterable[str], known: Sequence[Part] = PARTS) -> list[Part]:
    """In the order of the table."""
    wanted = [name.strip() for name in names if name.strip()]
    there = {part.name: part for part in known}
    for name in wanted:
        if name not in there:
            near = difflib.get_close_matches(name, there, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(there)}"
            raise UsageError(f"There is no part {name!r}; {hint}")
    return [part for part in known if part.name in wanted]
