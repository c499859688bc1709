"""A group as its workers left it, in memory: users with what they did, their memberships, flows and timelines; and what
looks at it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from httpx import ASGITransport, AsyncClient
from starlette.applications import Starlette

from streams import rulefiles
from streams.core.changes import Change
from streams.core.engine.shard import Shard
from streams.core.flows import Flows
from streams.core.rules.rulebook import Rulebook
from streams.kafka.batches.record import PlainRecord
from streams.kafka.partitioning import homes
from streams.lifecycle.reach import Reach
from streams.outputs.change import encode_change
from streams.outputs.timeline import encode_entry
from streams.settings import Settings
from streams.state.counting import SINCE
from streams.state.format import COUNTED, DOCUMENTS, FLOWS, MEMBERS, MOVES, ROWS, SETTLED, TIMELINE
from streams.state.memory import MemoryStore
from streams.state.store import Checkpoint, Write
from streams.testing import Record, decoded, identify, instant, track
from streams.web import api, dashboard
from streams.web.app import FAULTS, UnderPath
from streams.web.stopping import Stopping
from streams.web.views.window import Window
from tests.state.checkpoints import claimed

PARTITIONS: Final = 2
NOW: Final = instant("2026-03-20 12:00")
RULES: Final = {
    "quiet": "segment: quiet\ndescription: Not seen for a week.\nenter: idle_days >= 7\nlabels: {owner: success}",
    "admin": 'segment: admin\nenter: role in ["admin"] and not missing(email)',
    "pace": "tier: pace\nlevels:\n  busy: count(any, days=7) >= 3\n  calm: otherwise",
}
MESSAGES: Final = {"hello": "message: hello\non: enters quiet\nstate: off\ntitle: Hello\nbody: How are you?"}
EVENTS: Final[tuple[Record, ...]] = (
    track("ann", "Signed In", "2026-03-01 09:00"),
    identify("ann", "2026-03-01 10:00", email="ann@x.example", role="admin", company={"name": "<b>Acme</b>"}),
    *(track("bob", "Signed In", f"2026-03-{day} 09:00") for day in (17, 18, 19)),
    track("a/b <i>", "Signed In", "2026-03-19 09:00"),
)


class Group:
    """Use `begin` before all else."""

    def __init__(self, folder: Path, **settings: str):
        rules = folder / "rules"
        rules.mkdir(exist_ok=True)
        for name, text in RULES.items():
            (rules / f"{name}.yaml").write_text(text)
        (rules / "messages").mkdir(exist_ok=True)
        for name, text in MESSAGES.items():
            (rules / "messages" / f"{name}.yaml").write_text(text)
        said = {"rules": str(rules)} | settings
        self.settings = Settings.from_environment({f"SEGMENTER_{name.upper()}": value for name, value in said.items()})
        self.store = MemoryStore()
        self.now_ms = NOW
        self.window = Window(self.settings, Stopping(), lambda: self.now_ms, self.store)
        self.reach = Reach()
        self.window.reach = self._reach
        routes = [*dashboard.served(self.window).routes, *api.served(self.window).routes]
        app = Starlette(routes=routes, exception_handlers=FAULTS)
        self.app = UnderPath(app, self.settings.web_root_path)

    def client(self, host: str = "localhost", peer: str = "127.0.0.1", **headers: str) -> AsyncClient:
        transport = ASGITransport(self.app, client=(peer, 1234))
        return AsyncClient(transport=transport, base_url=f"http://{host}", headers=headers)

    async def _reach(self) -> Reach:
        return self.reach

    async def begin(self, events: Iterable[Record] = EVENTS) -> "Group":
        rulebook = rulefiles.load(self.settings.rules)
        await self.store.group.put(SETTLED, "partitions", str(PARTITIONS).encode())
        for shard in range(PARTITIONS):
            mine = [each for each in events if homes(each["userId"], PARTITIONS, "murmur2")[0] == shard]
            await self._save(shard, rulebook, mine)
        return self

    async def _save(self, number: int, rulebook: Rulebook, events: Iterable[Record]) -> None:
        shard = Shard(rulebook, self.settings.calendar, self.settings.private_traits)
        changes = shard.step(decoded(rulebook, list(events)))
        while shard.time_ms < NOW:
            changes += shard.tick(NOW)
        dirty, flows = shard.take_dirty(), Flows(self.settings.calendar)
        moves = Flows(self.settings.calendar, by_hour=False)
        for change in changes:
            flows.count(change)
            moves.count_move(change)
        writes: list[Write[Any, Any]] = [Write(ROWS, dirty.rows), Write(DOCUMENTS, dirty.documents)]
        writes += [Write(FLOWS, flows.take()), Write(COUNTED, [(SINCE, 0)]), _memberships(changes)]
        writes.append(Write(MOVES, moves.take()))
        writes += [Write(TIMELINE, [(change.subject, encode_entry(change)) for change in changes], most=20)]
        await claimed(self.store.shards, number, 1)
        await self.store.shards.save(number, 1, Checkpoint(1, shard.head(), {}, writes))
        self.window.changes.take([_record(place, change) for place, change in enumerate(changes)])


def _memberships(changes: list[Change]) -> Write[Any, Any]:
    within: dict[tuple[str, str], None] = {}
    for change in changes:
        if change.entered:
            within[change.segment, change.subject] = None
        within.pop(((change.previous if change.entered else change.segment) or "", change.subject), None)
    return Write(MEMBERS, list(within))


def _record(offset: int, change: Change) -> PlainRecord:
    return PlainRecord(offset, change.occurred_at, change.subject.encode(), encode_change(change))
