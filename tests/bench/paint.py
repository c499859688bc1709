"""How long a page takes until somebody sees it: a real browser on this machine, and the group of `tests.bench.window`.

Goes out: milliseconds from where the browser sets out until it paints the first of the page (the Paint Timing API), the
median and the worst of twenty; of who has never been there, and of who comes back. `python -m tests.bench.paint`
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median
from typing import Final

import uvicorn
from playwright.async_api import Browser, BrowserContext
from starlette.applications import Starlette

from streams.web import dashboard
from streams.web.views.window import Window
from tests.bench.window import filled
from tests.e2e.browser import chromium

TIMES: Final = 20
PATHS: Final = ("", "segment?name=s01", "user?id=u-1", "rule?name=s01", "messages")
PAINTED: Final = """new Promise((done) => new PerformanceObserver((list) => {
    for (const { startTime } of list.getEntriesByName("first-contentful-paint")) done(startTime);
}).observe({ type: "paint", buffered: true }))"""


@asynccontextmanager
async def served(window: Window) -> AsyncIterator[str]:
    """The address of the dashboard."""
    app = Starlette(routes=dashboard.served(window).routes)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
    listening = socket.create_server(("127.0.0.1", 0))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    yield f"http://localhost:{listening.getsockname()[1]}/dashboard/"
    server.should_exit = True
    await serving


async def painted(context: BrowserContext, url: str) -> float:
    page = await context.new_page()
    await page.goto(url)
    took = float(await page.evaluate(PAINTED))
    await page.close()
    return took


async def measure(browser: Browser, url: str, path: str) -> None:
    first: list[float] = []
    again: list[float] = []
    for _ in range(TIMES):
        context = await browser.new_context()
        first.append(await painted(context, url + path))
        again.append(await painted(context, url + path))
        await context.close()
    told = "   ".join(
        f"{name} {median(ms):4.0f} ms, at most {max(ms):4.0f}" for name, ms in (("first", first), ("again", again))
    )
    print(f"{path or 'the overview':<20} {told}", flush=True)


async def main() -> None:
    async with filled() as window, served(window) as address, chromium() as browser:
        await painted(await browser.new_context(), address)  # the browser itself begins
        for path in PATHS:
            await measure(browser, address, path)


if __name__ == "__main__":
    asyncio.run(main())
