"""Pages in the states that no worker keeps them in for long: all people can use them, on any screen.

They are of a group in memory, at which a server here looks, with a real browser.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import msgspec
import pytest
import pytest_asyncio
import uvicorn
from playwright.async_api import Browser, Page, Route, expect

from streams.backtest.job import REQUEST, Progress, Request, Stage, write_progress
from streams.errors import Unreachable
from streams.kafka.batches.record import PlainRecord
from streams.lifecycle.applying import apply
from streams.lifecycle.awaiting import Made, progress, settle, tell
from streams.lifecycle.checking import check_files
from streams.lifecycle.moves import Move
from streams.lifecycle.reach import Reach
from streams.lifecycle.versions import Version
from streams.testing import instant, track
from streams.web.views import board
from tests.e2e.browser import (
    LOOKS_ARE_COUNTED,
    STOPS,
    WITHIN_MS,
    check_for_everybody,
    chromium,
    look_at_another,
)
from tests.lifecycle.pasts import made_pasts
from tests.web.group import EVENTS, MESSAGES, NOW, RULES, Group

pytestmark = pytest.mark.asyncio(loop_scope="module")

ODD: Final = '/"><script>alert(1)</script>👩‍💻' + "x" * 200
FILES: Final = {f"{name}.yaml": text for name, text in RULES.items()} | {
    f"messages/{name}.yaml": text for name, text in MESSAGES.items()
}
BUYERS: Final = 'segment: buyers\nenter: count("Order Paid", days=60) >= 1\n'
JOBS: Final[dict[Stage, str]] = {"running": "1" * 16, "failed": "2" * 16, "stopped": "3" * 16}
OFTEN: Final = "segment: often\nenter: active_days(days=45) >= 9\n"


@pytest.fixture
async def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Group:
    """Version 2 awaits its past; backtests run, failed and were stopped; records could not be used."""
    monkeypatch.setattr(board, "_now_ms", lambda: NOW)
    monkeypatch.setattr("streams.backtest.job._is_alive", lambda _: True)
    made = Group(tmp_path, web_backtests=str(tmp_path / "backtests"))
    await made.begin([*EVENTS, track(ODD, "Signed In", "2026-03-19 09:00")])
    made.reach = Reach({"product-events": instant("2026-03-15 08:00")})
    after: Version | None = None
    for files in (FILES, FILES | {"buyers.yaml": BUYERS}):
        after = await apply(made.store.group, check_files(files), after=after, author="ann", note="", at_ms=NOW)
    await tell(made.store.group, 2, 0, Made(80, 200, a_second=1.0, since_ms=NOW))
    for stage, name in JOBS.items():
        folder = tmp_path / "backtests" / made.settings.group / name
        folder.mkdir(parents=True)
        request = Request(new=FILES, rule="quiet", author=ODD, topics=True)
        (folder / REQUEST).write_bytes(msgspec.json.encode(request))
        write_progress(folder, Progress(stage, NOW, 1, 4, error=ODD if stage == "failed" else None))
    for offset in range(7):
        headers = [("reason_code", b"no_rate"), ("reason", ODD.encode()), ("topic", b"billing-updates")]
        headers += [("partition", b"1"), ("offset", str(offset).encode())]
        made.window.dead_letters.take([PlainRecord(offset, NOW, b"ann", b'{"userId": "ann"}', headers)])
    return made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, group: Group) -> AsyncIterator[Page]:
    """Of a server that looks at the group; no stream comes through, so that it asks."""
    config = uvicorn.Config(group.app, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    server, listening = uvicorn.Server(config), socket.create_server(("127.0.0.1", 0))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    context = await browser.new_context(base_url=f"http://localhost:{listening.getsockname()[1]}/dashboard/")
    context.set_default_timeout(WITHIN_MS)
    page = await context.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    await page.route("**/live", lambda route: route.abort())
    yield page
    await page.unroute_all(behavior="ignoreErrors")
    await context.close()
    server.should_exit = True
    await serving
    listening.close()


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("", "awaits its past"),
        ("rules", "read, 0 of 2 shards ready"),
        ("rule?name=buyers", "You write on what was applied last"),
        ("version?number=2", "awaits its past"),
        ("segment?name=buyers", "buyers comes with version 2"),
        (f"backtest?id={JOBS['running']}", "Playing the history"),
        (f"backtest?id={JOBS['failed']}", "It failed"),
        (f"backtest?id={JOBS['stopped']}", "Somebody stopped it"),
        ("dead-letters", "no_rate"),
        ("dead-letters?search=script", "7 found that can be sent again"),
        ("segment?name=pace/calm", "Search their ids"),
    ],
)
async def test_what_is_under_way_or_went_wrong_can_be_read_by_all(page: Page, path: str, says: str) -> None:
    await page.goto(f"./{path}")
    await expect(page.locator("#content")).to_contain_text(says)
    await check_for_everybody(page, path)


async def test_a_version_with_a_limit_that_fails_then_counts_and_is_refused_can_be_read_by_all(
    page: Page, group: Group
) -> None:
    kept = group.store.group
    live = (await group.window.rules()).version
    files = check_files(FILES | {"buyers.yaml": BUYERS})
    version = await apply(kept, files, after=live, author=ODD, note=ODD, at_ms=NOW, max_change=0.05)
    await tell(kept, 3, 0, Made(80, 200, error=ODD))
    content = page.locator("#content")
    await page.goto("./")
    await expect(content).to_contain_text("It may move 5 % of each segment")
    await expect(page.locator("#troubles")).to_contain_text("The past of version 3 cannot be made")
    await check_for_everybody(page, "fails")
    for shard in (0, 1):
        await tell(
            kept, 3, shard, Made(200, 200, is_ready=True, moves={"quiet": Move(1, 1, 0), "pace/calm": Move(9, 0, 9)})
        )
    # It is looked at again and again while it is under way.
    await expect(content).to_contain_text("Counted by 2 of 2 shards")
    await check_for_everybody(page, "counted")
    assert await settle(kept, await made_pasts(group.store, 3), version, await progress(kept, 3))
    for path in ("", "rules", "version?number=3", "rule?name=buyers", "rule?name=buyers&version=3"):
        await page.goto(f"./{path}")
        await expect(content).to_contain_text("it would move more than 5 % of pace/calm")
        await check_for_everybody(page, f"refused, {path}")
    await expect(page.get_by_role("textbox", name="buyers.yaml")).to_have_value(BUYERS)
    await page.get_by_label("At most, in % of any segment").fill("little")
    await page.get_by_role("button", name="Apply").press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("a number of percent, such as 5")
    await expect(page.get_by_label("At most, in % of any segment")).to_have_value("little")
    await check_for_everybody(page, "a limit that is none")


FOCUSED: Final = """() => {
    const it = document.activeElement, style = getComputedStyle(it);
    const { x, y, width, height } = it.getBoundingClientRect();
    if (it === document.body || it === document.documentElement) return null;
    const middle = (from, size) => Math.max(from, 0) + Math.min(size, 10) / 2;
    const at = document.elementFromPoint(middle(x, width), middle(y, height));
    const name = it.ariaLabel || it.labels?.[0]?.innerText || it.innerText || it.title || it.placeholder;
    const faults = [
        [!name?.trim(), "has no name"],
        [style.outlineStyle === "none" || !parseFloat(style.outlineWidth), "is not seen to be focused"],
        [y + height <= 0 || y >= innerHeight || !width, "is out of view"],
        [at && !it.contains(at) && !at.contains(it) && !it.labels?.[0]?.contains(at), "is covered"],
    ];
    return [`${it.tagName} ${name}`, faults.filter(([is]) => is).map(([, says]) => says)];
}"""


@pytest.mark.parametrize(
    "path",
    ["", "rules", "rule?name=quiet", "segment?name=pace/calm", "user?id=ann", "message?name=hello", "dead-letters"],
)
async def test_whoever_has_a_keyboard_alone_comes_everywhere_sees_where_and_comes_out_again(
    page: Page, path: str
) -> None:
    await page.goto(f"./{path}")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="To the content")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#content")).to_be_focused()
    for way in ("Tab", "Shift+Tab"):
        stops: list[str] = []
        await page.keyboard.press(way)
        while found := await page.evaluate(FOCUSED):
            stops.append(found[0])
            assert not found[1], (path, way, found)
            assert len(stops) < STOPS, "it never comes out"
            await page.keyboard.press(way)
        assert len(stops) > 3, (path, way)


async def test_what_is_put_in_place_leaves_the_focus_and_what_is_chosen_where_they_are(
    page: Page, group: Group
) -> None:
    await page.goto("./dead-letters")
    boxes = page.get_by_role("checkbox", name="Choose billing-updates/1/3")
    await boxes.press("Space")
    letter = [("reason_code", b"no_rate"), ("reason", b"new"), ("topic", b"billing-updates")]
    letter += [("partition", b"1"), ("offset", b"9")]
    group.window.dead_letters.take([PlainRecord(9, NOW, b"ann", b"{}", letter)])
    await expect(page.get_by_role("checkbox", name="Choose billing-updates/1/9")).to_be_visible()
    await expect(boxes).to_be_focused()
    assert await page.locator("input:checked").count() == 1
    # The link to a user stands in a feed more than once: it is the same one that is focused then.
    await page.goto("./segment?name=pace")
    entry = page.locator("#changes [data-key]").last
    key = await entry.get_attribute("data-key")
    await entry.get_by_role("link").first.focus()
    await page.evaluate("document.querySelector('#changes').insertAdjacentHTML('afterbegin', '<p>another</p>')")
    await expect(page.get_by_text("another")).to_be_hidden()
    assert await page.evaluate("document.activeElement.closest('[data-key]').dataset.key") == key


async def test_what_was_typed_before_a_page_was_all_there_counts(page: Page) -> None:
    """On a slow line what is on a page can be used before its module has come."""
    may_come = asyncio.Event()

    async def late(route: Route) -> None:
        await may_come.wait()
        await route.continue_()

    await page.route("**/app.js*", late)
    await page.goto("./", wait_until="commit")
    await page.get_by_label("Search").fill("quiet")
    may_come.set()
    await expect(page.locator("#segments")).not_to_contain_text("admin")
    await expect(page.locator("#segments")).to_contain_text("quiet")
    may_come.clear()
    await page.goto("./rule?name=quiet", wait_until="commit")
    await page.locator("#text").fill("segment: quiet\nenter: idle_dayz >= 7\n")
    may_come.set()
    await expect(page.locator("#result")).to_contain_text("1 fault")


@pytest.mark.parametrize(
    ("path", "button", "waits", "then"),
    [
        ("rule?name=quiet", "Apply", "**/rules", "History"),
        ("message?name=hello", "Switch it on", "**/message?name=hello", "It is live"),
    ],
)
async def test_who_clicks_twice_sends_once(page: Page, path: str, button: str, waits: str, then: str) -> None:
    """On a slow line the page that a click leads to is not there yet when the next one comes."""
    another, sent = asyncio.Event(), []

    async def clicked() -> None:
        another.set()

    async def late(route: Route) -> None:
        for _ in range(3):
            another.clear()
            await another.wait()
        await route.continue_()

    await page.expose_function("clicked", clicked)
    # What was sent counts as lost after a while, which may be while this machine stands still.
    await page.add_init_script(
        "const later = setTimeout; setTimeout = (what, ms) => later(what, ms < 10_000 ? ms : 1e9)"
    )
    await page.goto(f"./{path}")
    if path.startswith("rule"):
        await page.locator("#text").fill("segment: quiet\nenter: idle_days >= 9\n")
    page.on("request", lambda request: sent.append(request.post_data or "") if request.method == "POST" else None)
    await page.route(waits, late)
    await page.get_by_role("button", name=button).evaluate(
        "each => void setInterval(() => (each.click(), clicked()), 50)"
    )
    await expect(page.get_by_role("heading", name=then)).to_be_visible()
    assert len([each for each in sent if "do=check" not in each]) == 1, sent


async def test_nothing_is_put_in_place_under_a_button_that_is_down(page: Page) -> None:
    await page.add_init_script(LOOKS_ARE_COUNTED)
    await page.goto("./")
    await page.locator("#changes").get_by_role("link", name="bob").first.hover()
    await page.mouse.down()
    await look_at_another(page, "changes")
    await page.mouse.up()
    await expect(page.get_by_role("heading", name="bob")).to_be_visible()


async def test_nor_is_it_while_the_space_bar_is(page: Page) -> None:
    await page.add_init_script(LOOKS_ARE_COUNTED)
    await page.goto("./dead-letters")
    box = page.get_by_role("checkbox", name="Choose billing-updates/1/3")
    await box.focus()
    await page.keyboard.down("Space")
    await look_at_another(page, "letters")
    await page.keyboard.up("Space")
    await expect(page.get_by_text("another")).to_have_count(0)
    await expect(box).to_be_checked()


async def test_where_redis_is_away_what_is_written_stays_and_goes_through_once_it_is_back(
    page: Page, group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    await page.goto("./rule?name=quiet")
    text, told, apply_ = page.locator("#text"), page.locator("#stale"), page.get_by_role("button", name="Apply")
    await page.get_by_label("Note, why").fill("sooner")
    await text.fill(RULES["quiet"].replace("7", "5"))
    await expect(page.locator("#said")).to_contain_text("It can be read")
    await apply_.focus()
    latest = group.window.latest

    async def away() -> None:
        raise Unreachable("Redis does not answer.")

    monkeypatch.setattr(group.window, "latest", away)
    await apply_.press("Enter")
    await expect(told).to_contain_text("Redis does not answer. It comes back by itself.")
    # The page, which is looked at each second, may have said so before what was sent came back.
    await expect(page.locator("#draft:not([data-sent])")).to_be_attached()
    await expect(apply_).to_be_focused()
    await expect(page.get_by_label("Note, why")).to_have_value("sooner")
    monkeypatch.setattr(group.window, "latest", latest)
    await apply_.press("Enter")
    await expect(page.locator("#history")).to_contain_text("sooner")


async def test_a_rule_with_faults_one_that_will_wait_and_one_that_came_too_late_can_be_read_by_all(
    page: Page, group: Group
) -> None:
    await page.goto("./rule?name=often")
    text, result = page.get_by_role("textbox", name="often.yaml"), page.locator("#result")
    await text.fill(OFTEN.replace("active_days", "active_dayz"))
    await expect(result).to_contain_text("1 fault")
    await check_for_everybody(page, "a fault")
    await text.fill(OFTEN)
    await expect(result).to_contain_text("It would await its past")
    await expect(result).to_contain_text("will be whole on")
    await check_for_everybody(page, "will wait")
    others = check_files(FILES | {"buyers.yaml": BUYERS.replace("60", "30")})
    first = (await group.window.rules()).version
    await apply(group.store.group, others, after=first, author=ODD, note=ODD, at_ms=NOW)
    # By the keyboard alone: it is refused, what changed meanwhile is shown, and one goes on from there.
    await page.get_by_role("button", name="Apply").press("Enter")
    await expect(page.get_by_text("What was applied since you began")).to_be_visible()
    await expect(page.locator("#content")).to_contain_text('+enter: count("Order Paid", days=30) >= 1')
    await check_for_everybody(page, "came too late")
    await page.get_by_role("button", name="Go on with my text").press("Enter")
    await expect(page.get_by_text("What was applied since you began")).to_be_hidden()
    await expect(result).to_contain_text("It would await its past")
    await page.get_by_role("button", name="Apply").press("Enter")
    await expect(page.locator("#history")).to_contain_text("awaits its past")
