"""The dashboard in a real browser, on what a real worker stored: it shows it, stays live, and all can use it."""

import asyncio
import re
import time
import uuid
from collections.abc import AsyncIterator
from typing import Final

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, expect

from streams.core.instants import format_time
from streams.embedded.redis import RedisServer
from streams.embedded.server import HOST, free_port
from streams.testing import Record, identify, track
from tests.conftest import Kafka
from tests.e2e.browser import WITHIN_MS, check_for_everybody, chromium, press, write
from tests.e2e.pipeline import Pipeline, WorkerProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOKEN: Final = "a token of those who edit"
READER: Final = "a token of those who read"
BACKTESTED_WITHIN_MS: Final = 300_000  # its process lets all others go first
STORY: Final = """somebody comes:
  events: 2026-03-01 09:00  ann  Signed In
  changes: 2026-03-01 09:00  ann  enters newcomer
"""
HELLO: Final = """message: hello
on: enters active
state: off
kind: banner
title: Hello {{ user_id }}
action: {label: Come in, href: /home}
"""
PAGES: Final = [
    ".",
    "messages",
    "message?name=hello&user=ann",
    "rules",
    "rule?name=active",
    "segment?name=active",
    "user?id=ann",
    "user?id=nobody",
    "dead-letters",
]


class Looking:
    """A worker's group, the dashboard on it, and a browser that is signed in."""

    def __init__(self, pipeline: Pipeline, browser: Browser):
        self.pipeline = pipeline
        self.browser = browser
        self._port = free_port()
        self.url = f"http://{HOST}:{self._port}/below/dashboard/"
        self.web = self.serve()
        self.context: BrowserContext

    def serve(self) -> WorkerProcess:
        settings = {
            "web": f"{HOST}:{self._port}",
            "web_token": READER,
            "web_editor_token": TOKEN,
            "web_root_path": "/below",
            "web_backtests": str(self.pipeline.folder / "backtests"),
        }
        web = self.pipeline.worker("-m", "streams", "web", "--parts", "dashboard,api", **settings)
        web.says("web - listens at")
        return web

    async def page(self, path: str = ".") -> Page:
        page = await self.context.new_page()
        page.on("pageerror", lambda error: pytest.fail(str(error)))
        await page.goto(self.url + path)
        return page

    async def sign_in(self) -> None:
        self.context = await self.browser.new_context()
        self.context.set_default_timeout(WITHIN_MS)
        page = await self.page("user?id=ann")
        await page.get_by_label("Token").fill("wrong, and long enough")
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("alert")).to_contain_text("not one of ours")
        await page.get_by_label("Token").fill(TOKEN)
        await page.get_by_label("Token").press("Enter")
        await expect(page.get_by_role("heading", name="ann")).to_be_visible()
        await page.close()

    async def backtest(self, rule: str) -> str:
        """One that is begun by the API, over what the topics hold; its id."""
        answer = await self.context.request.post(
            self.url.replace("/dashboard/", "/api/v1/backtests"),
            headers={"Authorization": f"Bearer {TOKEN}"},
            data={"rule": rule, "topics": True},
        )
        assert answer.ok, await answer.text()
        return str((await answer.json())["id"])

    async def publish(self, *records: Record) -> None:
        await asyncio.to_thread(self.pipeline.publish, records)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def looking(
    kafka: Kafka, redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Looking]:
    """One for all tests: each has users of its own."""
    group = f"window-{uuid.uuid4().hex[:8]}"
    pipeline = Pipeline(kafka.address, redis_server.url, group, tmp_path_factory.mktemp(group))
    (pipeline.settings.rules / "messages").mkdir()
    (pipeline.settings.rules / "messages" / "hello.yaml").write_text(HELLO)
    with pipeline.worker():
        begun = [identify("ann", now(), email="ann@x.example", role="<i>admin</i>"), *visits("ann", 3)]
        await asyncio.to_thread(pipeline.publish, begun)
        await asyncio.to_thread(pipeline.read, "segment-changes", lambda seen: len(seen) >= 1)
        async with chromium() as browser:
            made = Looking(pipeline, browser)
            try:
                await made.sign_in()
                yield made
            finally:
                made.web.kill()


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def _pages_are_closed(looking: Looking) -> AsyncIterator[None]:
    """Without a window every page counts as seen and keeps its stream, and a browser has six connections to one server:
    the seventh page never came."""
    yield
    for page in looking.context.pages:
        await page.close()


def now() -> str:
    return format_time(time.time_ns() // 1_000_000)


def visits(user: str, number: int) -> list[Record]:
    return [track(user, "Signed In", now()) for _ in range(number)]


async def test_who_looks_sees_who_is_in_what_and_why_and_what_happens_next(looking: Looking) -> None:
    page = await looking.page()
    row = page.get_by_role("row", name=re.compile("^active"))
    await expect(row).to_contain_text("%")
    # Somebody enters while the page is open: it is there by itself, with the reason.
    await looking.publish(*visits("bob", 3))
    feed = page.locator("#changes")
    await expect(feed).to_contain_text("bob")
    await expect(feed).to_contain_text("count(any, days=7) >= 3 (is 3)")
    # From there to the user, and to what will be if nothing happens.
    await feed.get_by_role("link", name="bob").first.click()
    await expect(page.get_by_role("heading", name="bob")).to_be_visible()
    await expect(page.locator("#coming")).to_contain_text("idle_days >= 5")
    await page.locator("#rule-active summary").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#rule-active table")).to_contain_text("count(any, days=7) >= 3")
    # And to the segment's own page.
    await page.locator("#within").get_by_role("link", name="active").click()
    await expect(page.locator("pre")).to_contain_text("enter: count(any, days=7) >= 3")
    # A search narrows the list as it is typed.
    await page.get_by_role("link", name="Overview").first.click()
    await page.get_by_label("Search").fill("report")
    await expect(row).to_have_count(0)
    await expect(page.get_by_role("row", name=re.compile("^reporter"))).to_be_visible()


async def test_what_anybody_says_of_themselves_is_text_and_what_is_private_is_hidden(looking: Looking) -> None:
    page = await looking.page("user?id=ann")
    await expect(page.locator("#traits")).to_contain_text('"<i>admin</i>"')
    assert "ann@x.example" not in await page.content()


async def test_a_rule_is_written_mended_applied_watched_and_taken_back_by_the_keyboard_alone(looking: Looking) -> None:
    await looking.publish(*visits("eve", 1))
    page = await looking.page("rules")
    await write(page.get_by_label("A new rule"), "newcomer")
    await page.keyboard.press("Enter")
    text, result = page.get_by_role("textbox", name="newcomer.yaml"), page.locator("#result")
    # Words are offered as it is written; whoever listens hears which is chosen.
    offered, chosen = page.get_by_role("listbox"), page.get_by_role("option", selected=True)
    await expect(page.locator(".words[data-ready]")).to_have_count(2)
    await write(text, "segment: newcomer\nenter: ten")
    await expect(offered.get_by_role("option", name="tenure_days")).to_be_visible()
    await page.keyboard.press("ArrowDown")
    await expect(chosen).to_contain_text("tenure_days")
    await expect(text).to_have_attribute("aria-activedescendant", await chosen.get_attribute("id") or "none")
    assert not (await Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa"]})).violations_count
    await page.keyboard.press("Enter")
    await expect(offered).to_be_hidden()
    await expect(text).to_have_value("segment: newcomer\nenter: tenure_days")
    await write(text, "segment: newcomer\nenter: tenure_dayz < 3\n")
    await expect(result).to_contain_text("did you mean `tenure_days`?")
    # To the fault: what is wrong is selected then, and mended by writing over it. Half a word may be told of before.
    fault = page.get_by_role("button", name="line 2, column 8")
    await expect(fault).to_have_attribute("data-width", str(len("tenure_dayz")))
    await press(fault)
    await expect(text).to_be_focused()
    await page.keyboard.type("tenure_days")
    await expect(text).to_have_value("segment: newcomer\nenter: tenure_days < 3\n")
    await expect(result).to_contain_text("segment newcomer: added")
    await expect(result.get_by_role("link", name="ann")).to_be_visible()
    # Its story is told in place; its words are offered, too.
    stories = page.get_by_role("textbox", name="newcomer.stories.yaml")
    await write(stories, "somebody comes:\n  changes: |\n    2026-03-01 09:00  ann  ent")
    await expect(offered.get_by_role("option", name="enters")).to_be_visible()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(stories).to_have_value(re.compile("ann  enters $"))
    await write(stories, STORY)
    await expect(result).to_contain_text("1 of 1 go as told")
    # What it would have done, over what the topics hold; the page may be closed meanwhile, and the text is not lost.
    await press(page.get_by_role("button", name="Backtest"))
    await expect(page.get_by_role("heading", name="Backtest of newcomer")).to_be_visible()
    place = page.url
    await page.close()
    page = await looking.page(place.rpartition("/")[2])
    text = page.get_by_role("textbox", name="newcomer.yaml")
    await expect(page.get_by_text("What would be otherwise")).to_be_visible(timeout=BACKTESTED_WITHIN_MS)
    await expect(page.locator("#run")).to_contain_text("tenure_days < 3")
    await press(page.get_by_role("link", name="Go on with this text"))
    await expect(text).to_have_value("segment: newcomer\nenter: tenure_days < 3\n")
    await write(page.get_by_label("Note, why"), "who has just come")
    await press(page.get_by_role("button", name="Apply"))
    await expect(page.locator("#history")).to_contain_text("who has just come")
    # Running workers take it over, and whoever comes from now on enters.
    await press(page.locator("#rules").get_by_role("link", name="newcomer"))
    await press(page.locator(".crumbs").get_by_role("link", name="newcomer"))
    await expect(page.get_by_role("heading", name="newcomer")).to_be_visible()
    await expect(page.locator("#state")).not_to_contain_text("not all workers")
    await looking.publish(*visits("fay", 1))
    await expect(page.locator("#changes")).to_contain_text("fay")
    await expect(page.locator("#members")).to_contain_text("fay")
    # A change of it, and back.
    await press(page.get_by_role("link", name="Rules"))
    await press(page.locator("#rules").get_by_role("link", name="newcomer"))
    await write(text, "segment: newcomer\nenter: tenure_days < 1\n")
    await press(page.get_by_role("button", name="Apply"))
    await expect(page.locator("#live")).to_contain_text("version 3 is in force")
    await press(page.locator("#history").get_by_role("link", name="who has just come"))
    await press(page.get_by_role("button", name="Make it live again"))
    await expect(page.locator("#live")).to_contain_text("version 4 is in force")
    await press(page.locator("#rules").get_by_role("link", name="newcomer"))
    await expect(text).to_have_value("segment: newcomer\nenter: tenure_days < 3\n")


async def test_a_message_is_seen_as_somebody_would_see_it_and_switched_on(looking: Looking) -> None:
    page = await looking.page("messages")
    await page.get_by_role("link", name="hello").click()
    await page.get_by_label("For which user").fill("ann")
    await page.get_by_role("button", name="Show").click()
    await expect(page.locator("#preview")).to_contain_text("Hello ann")
    await expect(page.locator("#why")).to_contain_text("It is off. (enters active at")
    await page.get_by_label("Note, why").fill("spring has come")
    await page.get_by_role("button", name="Switch it on").click()
    await expect(page.get_by_role("button", name="Switch it off")).to_be_visible(timeout=WITHIN_MS)
    await expect(page.locator("#state")).to_contain_text("live")
    await page.goto(f"{looking.url}rules")
    await expect(page.locator("#history")).to_contain_text("spring has come")


async def test_a_record_that_could_not_be_used_is_sent_again_from_its_page_and_is_back_where_nothing_was_mended(
    looking: Looking,
) -> None:
    await looking.publish({**track("gil", "x", now()), "event": 7})
    page = await looking.page("dead-letters")
    letters = page.locator("#letters")
    await expect(letters).to_contain_text("wrong_type")
    await page.locator("#again-wrong_type summary").click()
    # By the keyboard, whose one stroke no refresh of the page can come between, as between a button's down and up.
    await page.get_by_role("button", name="Send 1 again").press("Enter")
    await expect(page.get_by_text("1 record was sent again")).to_be_visible(timeout=WITHIN_MS)
    await expect(letters).to_contain_text("2, 1 sent again")
    # It came back, as it is no better than before. That one is chosen alone, and stays so while the page is refreshed.
    chosen = letters.get_by_role("checkbox", name=re.compile("^Choose")).first
    await chosen.press("Space")
    await looking.publish({**track("gil", "x", now()), "event": 8})
    await expect(letters).to_contain_text("3, 1 sent again")
    await expect(letters.locator("input:checked")).to_have_count(1)
    await page.locator("#again-wrong_type summary").press("Enter")
    await page.get_by_role("button", name="Send the chosen again").press("Enter")
    await expect(page.get_by_text("1 record was sent again")).to_be_visible(timeout=WITHIN_MS)
    await expect(letters).to_contain_text("4, 2 sent again")


async def test_paused_it_stands_still_and_stale_it_says_so_until_it_is_back(looking: Looking) -> None:
    page = await looking.page()
    await page.get_by_role("button", name="Pause").click()
    await looking.publish(*visits("cid", 3))
    await expect(page.get_by_role("button", name="Resume")).to_be_visible()
    other = await looking.page()
    await expect(other.locator("#changes")).to_contain_text("cid")
    await expect(page.locator("#changes")).not_to_contain_text("cid")
    await page.get_by_role("button", name="Resume").click()
    await expect(page.locator("#changes")).to_contain_text("cid")
    looking.web.kill()
    stale = page.get_by_role("status")
    await expect(stale).to_contain_text("Stale since")
    looking.web = looking.serve()
    await expect(stale).to_be_hidden(timeout=WITHIN_MS)


async def test_where_no_stream_comes_through_it_asks(looking: Looking) -> None:
    page = await looking.context.new_page()
    await page.route("**/live", lambda route: route.abort())
    await page.goto(looking.url)
    await looking.publish(*visits("dan", 3))
    await expect(page.locator("#changes")).to_contain_text("dan")


async def test_all_people_can_use_every_page_on_any_screen(looking: Looking) -> None:
    backtest = f"backtest?id={await looking.backtest('active')}"
    page = await looking.page(backtest)
    await expect(page.get_by_text("What would be otherwise")).to_be_visible(timeout=BACKTESTED_WITHIN_MS)
    for path in [*PAGES, backtest]:
        page = await looking.page(path)
        await check_for_everybody(page, path)
        await page.close()
