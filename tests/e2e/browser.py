"""A real browser: Debian's Chromium, without a window.

Goes out: a browser that asks no host but those it is sent to. Where the machine has none it is installed, if that can
be done; else who runs the tests is told how.
"""

import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import pytest
from playwright.async_api import Browser, async_playwright

PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome")
QUIET: Final = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
# Whatever a page asks for elsewhere is refused, and nothing leaves the machine.
ALONE: Final = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=_program(), args=[*QUIET, ALONE])
        try:
            yield browser
        finally:
            await browser.close()


def _program() -> str:
    found = _installed()
    if found is None and shutil.which("apt-get") and os.geteuid() == 0:
        for command in ("apt-get update", "apt-get install --yes --no-install-recommends chromium"):
            subprocess.run(command.split(), check=True, capture_output=True)
        found = _installed()
    if found is None:
        pytest.fail("There is no Chromium: `apt-get install chromium`, or put one on the PATH.")
    return found


def _installed() -> str | None:
    return next(filter(None, map(shutil.which, PROGRAMS)), None)
