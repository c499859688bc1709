"""Feeds in a real browser, on a company's page: what somebody delivers is shown, and what is clicked is told."""

import asyncio
import gzip
import time
import urllib.request
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, Request, expect

import streams.web.feed
from streams.delivery.feed import Action, FeedMessage
from streams.embedded.server import HOST, free_port
from streams.kafka.partitioning import homes
from streams.state.format import FEEDS, SETTLED
from streams.state.redis_store import RedisStore
from streams.state.store import Checkpoint, Write
from tests.e2e.browser import WITHIN_MS, chromium
from tests.e2e.collector import asked
from tests.e2e.pipeline import PARTITIONS, Pipeline, Seen, WorkerProcess, until
from tests.served import served
from tests.state.checkpoints import claimed
from tests.web.feed.feeds import SECRET, message, token

CLIENT: Final = Path(streams.web.feed.__file__).parent / "client" / "segmenter.js"
PAGE: Final = """<!doctype html><html lang="en"><title>A company's app</title><main><h1>Reports</h1>
<script type="module" src="{feed}/feed/segmenter.js"></script>
<segmenter-feed src="{feed}" token-url="/feed-token"></segmenter-feed><segmenter-banner></segmenter-banner></main>"""
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
# What docs/feed.md says a page needs, and nothing more.
POLICY: Final = "default-src 'none'; script-src {feed}; connect-src 'self' {feed}"


class Company:
    """A web app of somebody's. user: who is signed in."""

    def __init__(self, feed: str):
        self.user: str | None = "ann"
        company = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                said = token(company.user) if company.user else ""
                body = said if self.path == "/feed-token" else PAGE.format(feed=feed)
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Security-Policy", POLICY.format(feed=feed))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer((HOST, 0), Handler)
        self.url = f"http://{HOST}:{self.server.server_address[1]}"


class Deliverer:
    """Writes feeds as whoever delivers does."""

    def __init__(self, store: RedisStore):
        self._store = store
        self._numbers: dict[int, int] = {}

    async def __call__(self, user: str, *messages: FeedMessage, remove: Sequence[str] = ()) -> None:
        shard = homes(user, PARTITIONS, "murmur2")[0]
        if shard not in self._numbers:
            await claimed(self._store.deliveries, shard, epoch=1)
        self._numbers[shard] = self._numbers.get(shard, 0) + 1
        put = [(user, (each.id, each.encode())) for each in messages]
        writes: list[Write[Any, Any]] = [Write(FEEDS, put, drop=[(user, name) for name in remove])]
        await self._store.deliveries.save(shard, 1, Checkpoint(self._numbers[shard], b"", {}, writes))


class Town:
    """All of it: the company's app, the feed, whoever delivers, and a browser."""

    def __init__(self, pipeline: Pipeline, browser: Browser, company: Company, deliver: Deliverer, port: int):
        self.pipeline = pipeline
        self.browser = browser
        self.company = company
        self.deliver = deliver
        self._port = port

    async def deploy(self) -> None:
        """The process is killed, and another takes its place."""
        self._web.kill()
        self.web()

    def web(self) -> WorkerProcess:
        settings = {"web": f"{HOST}:{self._port}", "feed_key": SECRET, "feed_origins": self.company.url}
        self._web = self.pipeline.worker("-m", "streams", "web", "--parts", "feed", **settings)
        self._web.says("web - listens at")
        # What is clicked on a page that is left is told once, and not taken before Kafka is reached.
        until(lambda: asked(urllib.request.Request(f"http://{HOST}:{self._port}/health"))[0], 200, self._web.said)
        return self._web

    def close(self) -> None:
        self._web.kill()

    async def page(self, context: BrowserContext | None = None, path: str = "/") -> Page:
        page = await (context or self.browser).new_page()
        await page.goto(f"{self.company.url}{path}")
        return page

    async def told(self, *names: str) -> list[dict[str, Any]]:
        """The product events, once there are so many. What a page sends at once may come in any order, and what it does
        not know to have been taken comes again, as the same."""

        def of(seen: Sequence[Seen]) -> dict[str, Any]:
            return {each.json["messageId"]: each.json for each in seen}

        seen = await asyncio.to_thread(self.pipeline.read, "product-events", lambda seen: len(of(seen)) >= len(names))
        assert sorted(each["event"] for each in of(seen).values()) == sorted(names)
        return list(of(seen).values())


@pytest.fixture
async def town(pipeline: Pipeline) -> AsyncIterator[Town]:
    async with stored(pipeline) as store, chromium() as browser:
        port = free_port()
        company = Company(f"http://{HOST}:{port}")
        with served(company.server):
            made = Town(pipeline, browser, company, Deliverer(store), port)
            made.web()
            yield made
            made.close()


@asynccontextmanager
async def stored(pipeline: Pipeline) -> AsyncIterator[RedisStore]:
    store = RedisStore(pipeline.settings.redis.get_secret_value(), pipeline.settings.group)
    await store.group.put(SETTLED, "partitions", str(PARTITIONS).encode())
    try:
        yield store
    finally:
        await store.close()


def badge(page: Page) -> Any:
    return page.locator("segmenter-feed .badge")


def banner(page: Page) -> Any:
    return page.locator("segmenter-banner section")


async def test_a_message_appears_is_opened_clicked_and_dismissed(town: Town) -> None:
    page = await town.page()
    await expect(badge(page)).to_have_accessible_name("Messages")
    action = Action("Open reports", "/reports")
    await town.deliver("ann", message("m1", title="<b>Hello</b>", body="<img src=x onerror=alert(1)>", action=action))
    await expect(badge(page)).to_have_accessible_name("Messages, 1 new")
    await badge(page).click()
    await expect(badge(page)).to_have_accessible_name("Messages")
    item = page.locator("segmenter-feed li")
    await expect(item).to_contain_text("<b>Hello</b>")
    await expect(item).to_contain_text("<img src=x onerror=alert(1)>")
    await town.told("Message Seen")  # Kafka does not stand still just now
    await item.get_by_role("link", name="Open reports").click()
    await page.wait_for_url("**/reports")
    await town.deliver("ann", message("m2", created_at=1_772_355_700_000))
    await expect(badge(page)).to_have_accessible_name("Messages, 1 new")
    await badge(page).click()
    await page.get_by_role("button", name="Dismiss: m2").click()
    await expect(page.locator("segmenter-feed li")).to_have_count(1)
    told = await town.told(
        "Message Seen", "Message Read", "Message Clicked", "Message Seen", "Message Read", "Message Dismissed"
    )
    assert {each["userId"] for each in told} == {"ann"}


async def test_what_is_withdrawn_goes_and_whoever_comes_later_has_what_stands(town: Town) -> None:
    page = await town.page()
    await town.deliver("ann", message("m1", kind="banner"))
    await expect(banner(page)).to_contain_text("m1")
    await town.deliver("ann", message("m2", kind="banner", priority=-1), remove=["id-m1"])
    await expect(banner(page)).to_contain_text("m2")
    await expect(banner(await town.page())).to_contain_text("m2")


async def test_one_at_a_time_shows_the_most_urgent_of_its_page(town: Town) -> None:
    await town.deliver(
        "ann",
        message("elsewhere", kind="banner", pages=("/billing*",), priority=9),
        message("here", kind="banner", pages=("/re*ts",), priority=5),
        message("anywhere", kind="banner"),
    )
    page = await town.page(path="/reports")
    await expect(banner(page)).to_contain_text("here")
    await page.get_by_role("button", name="Dismiss: here").click()
    await expect(banner(page)).to_contain_text("anywhere")
    # As a single-page app goes to another of its pages.
    await page.get_by_role("button", name="Dismiss: anywhere").click()
    await expect(banner(page)).to_have_count(0)
    await page.evaluate("history.pushState(null, '', '/billing/plans')")
    await expect(banner(page)).to_contain_text("elsewhere")


async def test_a_modal_holds_the_focus_and_escape_dismisses_it(town: Town) -> None:
    page = await town.page()
    await town.deliver("ann", message("m1", kind="modal", action=Action("Go", "https://example.com/")))
    dialog = page.get_by_role("dialog", name="m1")
    await expect(dialog).to_be_visible()
    for _ in range(5):
        await page.keyboard.press("Tab")
        assert not await page.evaluate("document.activeElement?.tagName === 'SEGMENTER-FEED'")
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await town.told("Message Seen", "Message Dismissed")


async def test_a_button_leads_to_https_or_a_path_of_the_page_alone(town: Town) -> None:
    hrefs = ["javascript:alert(1)", "//evil.example/", "http://evil.example/", "/\\evil.example", "data:text/html,x"]
    messages = [message(f"m{n}", action=Action("Go", href)) for n, href in enumerate(hrefs)]
    await town.deliver("ann", *messages, message("good", action=Action("Go", "https://example.com/")))
    page = await town.page()
    await badge(page).click()
    await expect(page.locator("segmenter-feed li")).to_have_count(6)
    await expect(page.locator("segmenter-feed a")).to_have_count(1)


async def test_all_tabs_of_a_browser_share_one_stream(town: Town) -> None:
    context = await town.browser.new_context()
    streams: list[Request] = []
    context.on("request", lambda request: streams.append(request) if "/stream" in request.url else None)
    tabs = [await town.page(context) for _ in range(3)]
    await town.deliver("ann", message("m1"))
    for tab in tabs:
        await expect(badge(tab)).to_have_accessible_name("Messages, 1 new")
    assert len([each for each in streams if each.method == "GET"]) == 1
    # Whoever has the stream goes, and another takes it over.
    await tabs[0].close()
    await town.deliver("ann", message("m2"))
    for tab in tabs[1:]:
        await expect(badge(tab)).to_have_accessible_name("Messages, 2 new")
    await context.close()


async def test_nothing_of_another_user_is_shown_once_the_user_has_changed(town: Town) -> None:
    await town.deliver("ann", message("for ann", kind="banner"))
    await town.deliver("bob", message("for bob", kind="banner"))
    page = await town.page()
    await expect(banner(page)).to_contain_text("for ann")
    town.company.user = "bob"
    await page.reload()
    await expect(banner(page)).to_contain_text("for bob")
    town.company.user = None
    await page.reload()
    await expect(badge(page)).to_have_accessible_name("Messages")
    await expect(banner(page)).to_have_count(0)


async def test_where_no_stream_comes_through_the_feed_is_asked_for(town: Town) -> None:
    page = await town.browser.new_page()
    await page.route("**/v1/feed/stream*", lambda route: route.abort())
    await page.clock.install()
    await page.goto(town.company.url)
    await town.deliver("ann", message("m1"))
    # Its own time passes until it asks; what it asks for takes real time.
    until = time.monotonic() + WITHIN_MS / 1000
    while await badge(page).get_attribute("aria-label") != "Messages, 1 new":
        assert time.monotonic() < until
        await page.clock.run_for(1_000)


async def test_a_stream_that_was_cut_off_goes_on_where_it_was(town: Town) -> None:
    page = await town.page()
    await town.deliver("ann", message("m1"))
    await expect(badge(page)).to_have_accessible_name("Messages, 1 new")
    await town.deploy()
    await town.deliver("ann", message("m2"), remove=["id-m1"])
    await expect(badge(page)).to_have_accessible_name("Messages, 1 new", timeout=60_000)
    await badge(page).click()
    await expect(page.locator("segmenter-feed li")).to_contain_text(["m2"], timeout=60_000)


async def test_people_who_see_or_move_otherwise_can_use_it(town: Town) -> None:
    await town.deliver(
        "ann",
        message("card", body="What it says", action=Action("Go", "/there")),
        message("banner", kind="banner", body="What it says", action=Action("Go", "/there")),
    )
    page = await town.page()
    await expect(banner(page)).to_be_visible()
    await badge(page).focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("segmenter-feed li")).to_be_visible()
    await page.evaluate("document.body.style = 'color-scheme: light dark; background: Canvas; color: CanvasText'")
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        found = await Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa"]})
        assert found.violations_count == 0, [
            (each["id"], node["target"], node["any"][0]["message"])
            for each in found.response["violations"]
            for node in each["nodes"]
        ]
    await page.keyboard.press("Escape")
    await expect(page.locator("segmenter-feed li")).to_be_hidden()
    await expect(badge(page)).to_be_focused()


def test_the_module_is_small() -> None:
    assert len(gzip.compress(CLIENT.read_bytes(), 9)) < 8 << 10
