"""The pictures of the README and the docs: `make screenshots`.

Comes in: `segmenter dev`, started here, lived through, and ended. Goes out: PNG files in `docs/images/`. People and
times are made up, so that each run makes others; look at them before you commit them.
"""

import asyncio
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal

from playwright.async_api import Browser

from tests.e2e.browser import chromium

ROOT: Final = Path(__file__).parents[1]
IMAGES: Final = ROOT / "docs" / "images"
WITHIN_S: Final = 300.0
LIVES_ON_S: Final = 20.0  # for something to happen today
WIDE, PHONE = (1280, 860), (390, 844)
UP_TO_STORIES, TALL = 762, 1_000


@contextmanager
def company() -> Iterator[str]:
    """The dashboard's address, once there is something to see."""
    with TemporaryDirectory() as folder:
        log = Path(folder, "log")
        with log.open("wb") as file:
            dev = subprocess.Popen(
                [sys.executable, "-m", "streams", "dev", "--users", "400", "--speed", "30m"], cwd=ROOT, stdout=file
            )
        try:
            deadline = time.monotonic() + WITHIN_S
            while "In another terminal" not in log.read_text() and time.monotonic() < deadline:
                time.sleep(1)
            time.sleep(LIVES_ON_S)
            yield re.findall(r"http://\S+/dashboard/", log.read_text())[0]
        finally:
            dev.terminate()
            dev.wait(60)


async def taken(
    browser: Browser, url: str, name: str, size: tuple[int, int], scheme: Literal["light", "dark"] = "light"
) -> None:
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = await context.new_page()
    await page.goto(url)
    await page.wait_for_timeout(1_500)
    await page.screenshot(path=IMAGES / f"{name}.png")
    await context.close()


async def written(browser: Browser, address: str) -> None:
    """A rule as it is changed, with who would enter and leave; and its backtest."""
    context = await browser.new_context(viewport={"width": WIDE[0], "height": UP_TO_STORIES}, reduced_motion="reduce")
    page = await context.new_page()
    await page.goto(f"{address}rule?name=churn-risk")
    text = page.get_by_role("textbox", name="churn-risk.yaml")
    await text.fill((await text.input_value()).replace("idle_days >= 7", "idle_days >= 5"))
    await page.get_by_role("heading", name="Who would enter and leave").wait_for(timeout=WITHIN_S * 1000)
    await page.screenshot(path=IMAGES / "editor.png")
    await page.get_by_role("button", name="Backtest").click()
    await page.set_viewport_size({"width": WIDE[0], "height": TALL})
    await page.get_by_text("What would be otherwise").wait_for(timeout=WITHIN_S * 1000)
    await page.screenshot(path=IMAGES / "backtest.png")
    await context.close()


async def take_all(address: str) -> None:
    async with chromium() as browser:
        page = await browser.new_page()
        await page.goto(address)
        changes: Any = await (await page.request.get(f"{address}../api/v1/changes?rule=churn-risk")).json()
        user = changes["changes"][0]["user_id"]
        await taken(browser, address, "overview", WIDE)
        await taken(browser, address, "overview-phone", PHONE, "dark")
        await taken(browser, f"{address}segment?name=churn-risk", "segment", WIDE)
        sent: Any = await (await page.request.get(f"{address}../api/v1/messages/come-back")).json()
        greeted = next((each["user_id"] for each in sent["newest"] if each["decision"] == "sent"), user)
        await taken(browser, f"{address}message?name=come-back&user={greeted}", "message", WIDE)
        await taken(browser, f"{address}user?id={user}", "user", WIDE, "dark")
        await written(browser, address)


if __name__ == "__main__":
    with company() as found:
        asyncio.run(take_all(found))
