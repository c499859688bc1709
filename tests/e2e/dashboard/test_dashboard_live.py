"""A page that is kept up to date while somebody chooses, types, clicks and sends, with a mouse or by the keyboard:
nothing of that is lost, or done twice."""

import asyncio
from typing import Final

import pytest
from playwright.async_api import Page, Route, expect

from streams.errors import Unreachable
from streams.kafka.batches.record import PlainRecord
from streams.lifecycle.applying import apply
from streams.lifecycle.checking import check_files
from streams.lifecycle.versions import ahead
from streams.web.dashboard import mending
from streams.web.views.dead_letters import SendAgain, SentAgain
from streams.web.views.window import Window
from tests.e2e.browser import (
    LOOKS_ARE_COUNTED,
    STOPS,
    look_at_another,
)
from tests.e2e.dashboard.unsettled import FILES
from tests.web.group import NOW, RULES, Group

pytestmark = pytest.mark.asyncio(loop_scope="module")

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

# All of it in the page: of one that is on its way elsewhere nothing is asked from outside. It never takes that for
# stopped. Something comes into it, and it is looked at twice: the second time after that.
SENDS_TWICE: Final = """async () => {
    const set = setTimeout;
    window.setTimeout = (then, ms, ...more) => ms === 10_000 ? 0 : set(then, ms, ...more);
    for (let clicks = 0; clicks < 2; clicks++) {
        [...document.querySelectorAll("button")].find((each) => each.textContent === "Send 7 again").click();
        for (const before = answered; answered < before + 2; await new Promise((done) => set(done, 10))) {
            if (answered === asked) {
                document.getElementById("letters").insertAdjacentHTML("beforeend", "<p>another</p>");
                document.getElementById("filter").dispatchEvent(new Event("input"));
            }
        }
        await new Promise((done) => set(done));
    }
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


async def test_what_is_on_its_way_is_not_sent_once_more_after_the_page_was_looked_at(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    await page.add_init_script(LOOKS_ARE_COUNTED)
    await page.goto("./dead-letters")
    sent, may_go = list[SendAgain](), asyncio.Event()

    async def late(_: Window, asked: SendAgain, __: str) -> SentAgain:
        sent.append(asked)
        await may_go.wait()
        return SentAgain(7, 0, {})

    monkeypatch.setattr(mending, "sent_again", late)
    await page.evaluate(SENDS_TWICE)
    may_go.set()
    await expect(page.get_by_text("7 records were sent again")).to_be_visible()
    assert len(sent) == 1


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


async def test_what_is_written_is_there_again_after_another_page_until_it_is_begun_anew_or_applied(page: Page) -> None:
    text, again = page.locator("#text"), page.locator("#again")
    await page.goto("./rule?name=quiet")
    stored = await text.input_value()
    await expect(again).to_be_hidden()
    written = RULES["quiet"].replace("7", "5")
    await text.fill(written)
    await page.get_by_role("link", name="Overview").first.click()
    await page.go_back()
    await expect(text).to_have_value(written)
    await expect(again).to_be_visible()
    await expect(page.locator("#said")).to_contain_text("It can be read")
    await page.goto("./rule?name=admin")
    await expect(again).to_be_hidden()
    await page.goto("./rule?name=quiet")
    await again.get_by_role("button", name="Begin anew").click()
    await expect(text).to_have_value(stored)
    await text.fill(written)
    await expect(page.locator("#said")).to_contain_text("It can be read")
    await page.get_by_role("button", name="Apply").click()
    await expect(page.locator("#history")).to_be_visible()
    await page.goto("./rule?name=quiet")
    await expect(again).to_be_hidden()


async def test_what_is_written_on_a_version_is_held_against_what_came_since_also_when_it_is_there_again(
    page: Page, group: Group
) -> None:
    await page.goto("./rule?name=quiet")
    await page.locator("#text").fill(RULES["quiet"].replace("7", "5"))
    live = (await ahead(group.store.group)).live
    theirs = {**FILES, "quiet.yaml": RULES["quiet"].replace("7", "6")}
    await apply(group.store.group, check_files(theirs), after=live, author="bob", note="", at_ms=NOW)
    await page.goto("./rule?name=quiet")
    await expect(page.locator("#again")).to_be_visible()
    await page.get_by_role("button", name="Apply").click()
    await expect(page.get_by_role("alert")).to_contain_text("Nothing is applied: bob applied version")


async def test_what_is_refused_stays_until_it_is_read(page: Page) -> None:
    await page.goto("./dead-letters")
    await page.locator("button[value=chosen]").first.dispatch_event("click")
    trouble = page.locator("#trouble")
    await expect(trouble).to_contain_text("none was chosen")
    for _ in range(2):  # of a page that looked anew, the second would be after that
        async with page.expect_response(
            lambda answer: answer.request.method == "GET" and answer.url.endswith("letters")
        ):
            pass
    await expect(trouble).to_contain_text("none was chosen")
    await page.get_by_role("link", name="To the page, as it is now").click()
    await expect(page.locator("#letters")).to_be_visible()


async def test_of_a_segment_that_was_taken_away_it_is_not_said_that_it_comes_back(page: Page, group: Group) -> None:
    await page.goto("./segment?name=quiet")
    live = (await ahead(group.store.group)).live
    left = {name: text for name, text in FILES.items() if name == "admin.yaml"}
    await apply(group.store.group, check_files(left), after=live, author="bob", note="", at_ms=NOW)
    told = page.locator("#stale")
    await expect(told).to_contain_text("No rule makes a segment quiet.")
    await expect(told).not_to_contain_text("It comes back")
