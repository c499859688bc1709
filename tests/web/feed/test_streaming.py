"""A feed as a stream: whoever follows it, however often the stream is cut off, has what stands in it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Send

from streams.delivery.feed import Marked
from streams.state.feeds import GONE_KEPT
from streams.state.format import FEEDS
from streams.state.memory_feeds import MemoryFeedStore
from streams.state.store import Write
from streams.web.feed import streaming
from streams.web.feed.shown import shown
from streams.web.feed.streaming import events
from tests.web.feed.feeds import Feeds, bearer, message

Said = tuple[str, str | None, Any]  # what kind of event, its id, its data


def parsed(lines: bytes) -> list[Said]:
    """As the specification of server-sent events reads them."""
    said = []
    for block in lines.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if line and not line.startswith(":"))
        if "event" in fields:
            said.append((fields["event"], fields.get("id"), json.loads(fields["data"])))
    return said


class Browser:
    """What a browser knows that does as docs/feed.md says."""

    def __init__(self) -> None:
        self.messages: dict[str, Any] = {}
        self.counts: Any = None
        self.cursor: int | None = None

    def hear(self, said: Said) -> None:
        kind, number, data = said
        match kind:
            case "reset":
                self.messages.clear()
            case "remove":
                self.messages.pop(data["id"], None)
            case "message":
                self.messages[data["id"]] = data
            case "counts":
                self.counts = data
        if number is not None:
            self.cursor = int(number)


NAMES = st.sampled_from("abcde")
HAPPENS = st.one_of(
    st.tuples(st.just("deliver"), NAMES),
    st.tuples(st.just("remove"), NAMES),
    st.tuples(st.sampled_from(["seen", "dismissed"]), NAMES),
    # The browser hears what there is to hear, up to that many events.
    st.tuples(st.just("hear"), st.integers(0, 9)),
    st.tuples(st.just("much"), st.just(GONE_KEPT + 1)),
)


@given(st.lists(HAPPENS, max_size=30))
def test_wherever_a_stream_is_cut_off_whoever_comes_again_knows_the_feed(history: list[tuple[str, Any]]) -> None:
    asyncio.run(_followed(history))


async def _followed(history: list[tuple[str, Any]]) -> None:
    kept, browser = MemoryFeedStore(), Browser()

    for what, which in history:
        if what == "hear":
            for said in parsed(events(await kept.read(0, "ann"), browser.cursor))[:which]:
                browser.hear(said)
        else:
            await _happen(kept, what, which)
    feed = await kept.read(0, "ann")
    for said in parsed(events(feed, browser.cursor)):
        browser.hear(said)
    standing = feed.standing(0)
    assert browser.messages == {each.message.id: json.loads(msgspec.json.encode(shown(each))) for each in standing}
    assert browser.cursor == feed.last
    assert browser.counts == feed.counts(0)._asdict()


async def _happen(kept: MemoryFeedStore, what: str, which: Any) -> None:
    def write(put: str = "", drop: str = "") -> None:
        messages = [("ann", (f"id-{put}", message(put).encode()))] if put else []
        kept.apply(0, Write(FEEDS, messages, drop=[("ann", f"id-{drop}")] if drop else []))

    match what:
        case "deliver":
            write(put=which)
        case "remove":
            write(drop=which)
        case "much":
            for number in range(which):
                write(put=str(number))
                write(drop=str(number))
        case "seen" | "dismissed":
            await kept.mark(
                0, "ann", [Marked(f"id-{which}", "seen" if what == "seen" else "dismissed", 5, "come-back")]
            )


# ------------------------------------------------------------------------------------------------------------ over HTTP


class Stream:
    """The answer to a request, part by part, as httpx's own transport waits for its end."""

    def __init__(self, feeds: Feeds, headers: dict[str, str], query: str = ""):
        self.status = 0
        self._parts: asyncio.Queue[bytes | None] = asyncio.Queue()
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        self._scope: dict[str, Any] = {
            "type": "http",
            "method": "GET",
            "path": "/v1/feed/stream",
            "root_path": "",
            "headers": raw,
            "query_string": query.encode(),
        }
        self._gone = asyncio.Event()
        self.task = asyncio.create_task(feeds.app(self._scope, self._receive, cast(Send, self._send)))

    async def _receive(self) -> dict[str, Any]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, said: dict[str, Any]) -> None:
        self.status = said.get("status", self.status)
        if body := said.get("body"):
            self._parts.put_nowait(body)
        if said["type"] == "http.response.body" and not said.get("more_body"):
            self._parts.put_nowait(None)

    async def next(self) -> list[Said] | None:
        """What comes next; None at the end."""
        while True:
            part = await asyncio.wait_for(self._parts.get(), 30)
            if part is None or parsed(part):
                return part if part is None else parsed(part)

    async def leave(self) -> None:
        self._gone.set()
        await self.task


@pytest.fixture
async def feeds() -> AsyncIterator[Feeds]:
    made = await Feeds().begin()
    async with made.news.running():
        yield made


@asynccontextmanager
async def opened(feeds: Feeds, headers: dict[str, str] | None = None, query: str = "") -> AsyncIterator[Stream]:
    stream = Stream(feeds, bearer() if headers is None else headers, query)
    try:
        yield stream
    finally:
        await stream.leave()


async def test_a_stream_begins_with_what_there_is_and_goes_on_with_what_comes(feeds: Feeds) -> None:
    await feeds.deliver("ann", message("m1"))
    async with opened(feeds) as stream:
        first = await stream.next()
        assert first is not None
        assert [(kind, data.get("id")) for kind, _, data in first] == [("message", "id-m1"), ("counts", None)]
        await feeds.deliver("bob", message("m2"))
        await feeds.deliver("ann", message("m3"), remove=["id-m1"])
        then = await stream.next()
        assert then is not None
        assert [(kind, data.get("id")) for kind, _, data in then] == [
            ("remove", "id-m1"),
            ("message", "id-m3"),
            ("counts", None),
        ]


async def test_whoever_comes_again_is_told_what_came_since(feeds: Feeds) -> None:
    await feeds.deliver("ann", message("m1"))
    async with opened(feeds) as stream:
        first = await stream.next()
        assert first is not None
    await feeds.deliver("ann", message("m2"))
    async with opened(feeds, bearer() | {"Last-Event-ID": str(first[-1][1])}) as stream:
        then = await stream.next()
        assert then is not None
        assert [data.get("id") for kind, _, data in then if kind == "message"] == ["id-m2"]


async def test_whoever_is_another_by_now_begins_anew_with_the_survivors_feed_and_follows_it(feeds: Feeds) -> None:
    await feeds.deliver("ann", message("m1"))
    await feeds.deliver("bob", message("m2"))
    browser = Browser()

    async def hear(stream: Stream) -> list[str]:
        said = await stream.next()
        assert said is not None
        for each in said:
            browser.hear(each)
        return sorted(browser.messages)

    async with opened(feeds, bearer("bob")) as stream:
        assert await hear(stream) == ["id-m2"]
        await feeds.move("bob", "ann")
        assert await hear(stream) == ["id-m1"]
        await feeds.deliver("ann", message("m3"))
        assert await hear(stream) == ["id-m1", "id-m3"]
    browser.messages["id-old"] = None
    async with opened(feeds, bearer("bob") | {"Last-Event-ID": str(browser.cursor)}) as stream:
        await feeds.deliver("ann", message("m4"))
        while "id-m4" not in browser.messages:
            await hear(stream)
    assert "id-old" in browser.messages  # it is not begun anew
    async with opened(feeds, bearer("bob") | {"Last-Event-ID": "2"}) as stream:  # which it knew of bob's own
        assert await hear(stream) == ["id-m1", "id-m3", "id-m4"]


async def test_a_stream_ends_with_its_token_and_with_the_process(feeds: Feeds) -> None:
    async with opened(feeds, bearer(for_s=-59.5)) as stream:  # within what clocks may differ
        assert stream.status in (0, 200)
        await stream.next()
    async with opened(feeds) as stream:
        await stream.next()
        feeds.stopping.begin()
        assert await stream.next() is None


async def test_a_ticket_opens_one_stream(feeds: Feeds) -> None:
    async with feeds.client as client:
        ticket = (await client.post("/v1/feed/ticket", headers=bearer())).json()["ticket"]
    async with opened(feeds, {}, f"ticket={ticket}") as stream:
        assert await stream.next() is not None
    async with opened(feeds, {}, f"ticket={ticket}") as stream:
        await stream.task
        assert stream.status == 401


async def test_a_token_in_the_address_opens_nothing(feeds: Feeds) -> None:
    said = bearer()["Authorization"].removeprefix("Bearer ")
    for query in (f"token={said}", f"ticket={said}"):
        async with opened(feeds, {}, query) as stream:
            await stream.task
            assert stream.status == 401


async def test_a_user_has_so_many_streams_and_no_more(feeds: Feeds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "MOST_STREAMS", 1)
    async with opened(feeds) as first:
        await first.next()
        async with opened(feeds) as second:
            await second.task
            assert second.status == 429
        async with opened(feeds, bearer("bob")) as other:
            assert await other.next() is not None
    async with opened(feeds) as again:
        assert await again.next() is not None
