"""A feed's part of the web process on stores in memory, and tokens as a company's backend signs them."""

import time
from collections.abc import Iterable, Sequence
from typing import Any, Final

import jwt
import msgspec
from httpx import ASGITransport, AsyncClient
from starlette.responses import PlainTextResponse

from streams.delivery.feed import FeedMessage
from streams.delivery.recipient import Recipient
from streams.kafka.partitioning import homes
from streams.kafka.publisher import Outgoing
from streams.settings import Settings
from streams.state.codec import WHOLE_FEED
from streams.state.format import FEEDS, RECIPIENTS, SETTLED
from streams.state.memory import MemoryStore
from streams.state.store import Checkpoint, Write
from streams.web.feed import resources
from streams.web.feed.news import News
from streams.web.feed.places import Places
from streams.web.paths import ByPath
from streams.web.stopping import Stopping
from tests.state.checkpoints import claimed

SECRET: Final = "a secret that only the backend and segmenter know"
PARTITIONS: Final = 4
ORIGIN: Final = "https://app.example.com"


class Kafka:
    """What was written, in the place of a broker."""

    def __init__(self) -> None:
        self.written: list[dict[str, Any]] = []

    async def write(self, records: Iterable[Outgoing]) -> None:
        self.written += [msgspec.json.decode(record.value) for record in records]


def token(user: str = "ann", key: str = SECRET, algorithm: str = "HS256", for_s: float = 600, **claims: object) -> str:
    said: dict[str, Any] = {"sub": user, "aud": "segmenter", "exp": time.time() + for_s, **claims}
    return jwt.encode({name: value for name, value in said.items() if value is not None}, key, algorithm)


def bearer(user: str = "ann", **claims: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(user, **claims)}"}


def message(name: str, **fields: Any) -> FeedMessage:
    said: dict[str, Any] = {"kind": "card", "title": name, "created_at": 1_772_355_600_000} | fields
    return FeedMessage(id=f"id-{name}", message=name, **said)


class Feeds:
    """The part, and whoever delivers into it."""

    def __init__(self, **settings: str) -> None:
        said = {"feed_key": SECRET, "feed_origins": ORIGIN} | settings
        self.settings = Settings.from_environment({f"SEGMENTER_{name.upper()}": value for name, value in said.items()})
        self.store = MemoryStore()
        self.kafka = Kafka()
        self.stopping = Stopping()
        self.places = Places(self.settings, self.store)
        self.news = News(self.store.feeds, self.places, self.stopping)
        made = resources(self.settings, self.store, self.places, self.news, self.kafka)
        self.app = ByPath(made, PlainTextResponse("none of these", 404))
        self.client = AsyncClient(transport=ASGITransport(self.app), base_url="http://here")
        self._numbers = dict.fromkeys(range(PARTITIONS), 0)

    async def begin(self) -> "Feeds":
        await self.store.group.put(SETTLED, "partitions", str(PARTITIONS).encode())
        for shard in range(PARTITIONS):
            await claimed(self.store.deliveries, shard, epoch=1)
        return self

    async def keep(self, user: str, recipient: Recipient) -> None:
        """As whoever delivers has it."""
        shard = homes(user, PARTITIONS, "murmur2")[0]
        self._numbers[shard] += 1
        write: Write[Any, Any] = Write(RECIPIENTS, [(user, recipient.encode())])
        await self.store.deliveries.save(shard, 1, Checkpoint(self._numbers[shard], b"", {}, [write]))

    async def move(self, user: str, into: str) -> None:
        """She is another by now, whose feed has all that was in hers."""
        shard = homes(user, PARTITIONS, "murmur2")[0]
        self._numbers[shard] += 1
        write: Write[Any, Any] = Write(FEEDS, [(user, (WHOLE_FEED, into))])
        await self.store.deliveries.save(shard, 1, Checkpoint(self._numbers[shard], b"", {}, [write]))

    async def deliver(self, user: str, *messages: FeedMessage, remove: Sequence[str] = ()) -> None:
        shard = homes(user, PARTITIONS, "murmur2")[0]
        self._numbers[shard] += 1
        put = [(user, (each.id, each.encode())) for each in messages]
        write: Write[Any, Any] = Write(FEEDS, put, drop=[(user, name) for name in remove])
        await self.store.deliveries.save(shard, 1, Checkpoint(self._numbers[shard], b"", {}, [write]))
