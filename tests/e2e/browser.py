"""A real browser: Debian's Chromium, without a window.

Goes out: a browser that asks no host but those it is sent to.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from playwright.async_api import Browser, async_playwright, expect

from tests.e2e import programs

# Whatever a page asks for elsewhere is refused, and nothing leaves the machine.
ALONE: Final = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
# For so long a test waits for what a page is to show. Playwright's 5 s are for a machine that does nothing else.
WITHIN_MS: Final = 60_000
expect.set_options(timeout=WITHIN_MS)


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
