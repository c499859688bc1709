"""A real browser: Debian's Chromium, without a window.

Goes out: a browser that asks no host but those it is sent to; and what people do with a page who use it otherwise.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, Literal

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from tests.e2e import programs

# Whatever a page asks for elsewhere is refused, and nothing leaves the machine.
ALONE: Final = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
# For so long a test waits for what a page is to show. Playwright's 5 s are for a machine that does nothing else.
WITHIN_MS: Final = 60_000
expect.set_options(timeout=WITHIN_MS)
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
STOPS: Final = 400  # of a page, for whoever goes by the keyboard
LOOKS_ARE_COUNTED: Final = """(() => {
    const fetched = fetch;
    window.asked = window.answered = 0;
    window.fetch = async (...said) => {
        asked++;
        const answer = await fetched(...said);
        await answer.clone().text();
        answered++;
        return answer;
    };
})()"""


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=programs.chromium(), args=[*programs.BROWSER, ALONE], timeout=2 * WITHIN_MS
        )
        try:
            yield browser
        finally:
            await browser.close()


async def check_for_everybody(page: Page, what: str) -> None:
    """That it can be read by everybody, in both schemes, all of it opened, and fits a narrow phone."""
    # What a form leads to has its words before it has its styles, and is as wide as it likes until then.
    await page.wait_for_load_state("load")
    await page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    await page.set_viewport_size({"width": 360, "height": 740})
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), what
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found = await Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa"]})
        assert found.violations_count == 0, [
            (what, scheme, each["id"], node["target"], [one["message"] for one in node["any"]])
            for each in found.response["violations"]
            for node in each["nodes"]
        ]


async def tab_to(wanted: Locator) -> None:
    """By the keyboard alone, from wherever the focus is: stop by stop, and once around where it lies behind."""
    await expect(wanted).to_be_visible()
    for _ in range(2 * STOPS):
        if await wanted.evaluate("each => each === document.activeElement"):
            return
        await wanted.page.keyboard.press("Tab")
    raise AssertionError(f"no way leads there by the keyboard: {wanted}")


async def press(wanted: Locator, key: str = "Enter") -> None:
    await tab_to(wanted)
    await wanted.page.keyboard.press(key)


async def write(wanted: Locator, text: str) -> None:
    """In the place of what is there, key by key."""
    await tab_to(wanted)
    await wanted.page.keyboard.press("Control+a")
    await wanted.page.keyboard.type(text)


async def look_at_another(page: Page, within: str) -> None:
    """Something in the page that is to be put out of it again, as soon as it is looked at: the answer is there."""
    await page.evaluate(
        """(within) => {
            document.getElementById(within).insertAdjacentHTML("beforeend", "<p>another</p>");
            document.getElementById("filter").dispatchEvent(new Event("input"));
        }""",
        within,
    )
    # A look that was answered before waits with what it has, and none is asked for beside it.
    await page.wait_for_function("() => asked === answered")
    await page.evaluate("new Promise((done) => setTimeout(done))")
