"""`segmenter dev`, as a newcomer runs it."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.e2e.browser import chromium

NEWS_WITHIN_S = 300.0  # on a machine that is busy with other things
STOPS_WITHIN_S = 120.0
ANSWERS_WITHIN_S = 180.0
ANSWERS_WITHIN_MS = 180_000


class Dev:
    """The command in a session of its own; all that it starts lives in `folder`."""

    def __init__(self, folder: Path, *arguments: str, **environment: str):
        self.folder = folder
        self._out = folder.with_suffix(".out")
        command = [sys.executable, "-m", "streams", "dev", "--speed", "12h", *arguments]
        with self._out.open("wb") as out:
            self.process = subprocess.Popen(
                command,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, "TMPDIR": str(folder), "PYTHONUNBUFFERED": "1", **environment},
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self._out.read_text()

    def wait_until(self, condition: Callable[[], bool], within_s: float) -> None:
        deadline = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < deadline, self.said[-4_000:]
            assert self.process.poll() is None, self.said[-4_000:]
            time.sleep(0.05)

    def leaves_nothing_behind(self) -> bool:
        """Python's own helpers end a moment after it."""
        deadline = time.monotonic() + STOPS_WITHIN_S
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.05)
        return self.processes() == []

    def processes(self) -> list[str]:
        """Processes of its session, and servers, which work in its folder."""
        return [path.name for path in Path("/proc").glob("[0-9]*") if self._is_ours(path)]

    def _is_ours(self, path: Path) -> bool:
        try:
            session = int((path / "stat").read_text().rpartition(")")[2].split()[3])
            return session == self.process.pid or (path / "cwd").readlink().is_relative_to(self.folder)
        except OSError:
            return False  # it has just ended, or is somebody else's


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Dev]]:
    started: list[Dev] = []

    def start_in_a_folder(*arguments: str, **environment: str) -> Dev:
        folder = tmp_path / "dev"
        folder.mkdir()
        started.append(Dev(folder, *arguments, **environment))
        return started[0]

    yield start_in_a_folder
    for dev in started:
        dev.process.kill()
        dev.process.wait(STOPS_WITHIN_S)


def in_another_terminal(dev: Dev, command: str, within_s: float = ANSWERS_WITHIN_S) -> str:
    """What the lines do that were printed, in a shell that knows nothing else."""
    printed = [line.strip() for line in dev.said.splitlines() if line.startswith("    ")]
    environment = next(line for line in printed if line.startswith(". "))
    asked = next(line for line in printed if line.startswith(f"segmenter {command} "))
    # A command that goes on until Ctrl-C has shown enough with its first line.
    lines = f"{environment}\n{asked} | head -n 1"
    home = {"HOME": str(dev.folder)}
    return subprocess.run(
        ["sh", "-c", lines], env=home, cwd="/", capture_output=True, text=True, timeout=within_s, check=True
    ).stdout


def test_a_newcomer_sees_entries_and_silent_exits_and_ctrl_c_leaves_nothing_behind(
    start: Callable[..., Dev], tmp_path: Path
) -> None:
    # On their machine nothing has been compiled.
    dev = start(NUMBA_CACHE_DIR=str(tmp_path / "cache"))
    dev.wait_until(lambda: "Starting" in dev.said, NEWS_WITHIN_S)
    dev.wait_until(lambda: "-- engine: " in dev.said and "-- history: day " in dev.said, NEWS_WITHIN_S)
    dev.wait_until(lambda: " enters " in dev.said and " leaves " in dev.said, NEWS_WITHIN_S)
    # Somebody is idle for a week without doing anything.
    dev.wait_until(lambda: "idle_days >= 7 (is 7)" in dev.said, NEWS_WITHIN_S)
    # It goes on with the engine that has been compiled meanwhile.
    dev.wait_until(lambda: "-- engine: done" in dev.said, NEWS_WITHIN_S)
    before = len(dev.said)
    dev.wait_until(lambda: " leaves " in dev.said[before:], NEWS_WITHIN_S)
    assert len(dev.processes()) >= 4
    dev.process.send_signal(signal.SIGINT)
    assert dev.process.wait(STOPS_WITHIN_S) == 0
    assert dev.said.endswith("Stopped; nothing is left behind.\n")
    assert "Traceback" not in dev.said
    assert dev.leaves_nothing_behind()
    assert not [*dev.folder.iterdir()]


def test_the_commands_that_it_prints_work_in_another_terminal(start: Callable[..., Dev]) -> None:
    dev = start()
    dev.wait_until(lambda: "segmenter explain " in dev.said, NEWS_WITHIN_S)
    assert "as of" in in_another_terminal(dev, "explain")
    watched = dev.said.partition("segmenter watch --segment ")[2].split()[0]
    assert watched.partition("/")[0] in in_another_terminal(dev, "watch")


def test_it_shows_what_it_is_asked_for(start: Callable[..., Dev]) -> None:
    dev = start("--segment", "detractor")
    dev.wait_until(lambda: "detractor" in dev.said.partition("segmenter watch")[2], NEWS_WITHIN_S)
    assert "churn-risk" not in dev.said


def test_a_segment_that_no_rule_makes_is_a_fault_at_once(start: Callable[..., Dev]) -> None:
    dev = start("--segment", "churnrisk")
    assert dev.process.wait(STOPS_WITHIN_S) == 2
    assert "Did you mean churn-risk?" in dev.said


def test_it_stops_by_itself_where_it_is_told_for_how_long(start: Callable[..., Dev]) -> None:
    dev = start("--for", "3")
    assert dev.process.wait(3 + STOPS_WITHIN_S) == 0
    assert dev.leaves_nothing_behind()


@pytest.mark.parametrize("after", ["Starting", "Kafka", "A worker starts", "500 users live", "-- history"])
def test_ctrl_c_leaves_nothing_behind_however_far_it_is(start: Callable[..., Dev], after: str) -> None:
    dev = start()
    dev.wait_until(lambda: after in dev.said, NEWS_WITHIN_S)
    os.killpg(dev.process.pid, signal.SIGINT)  # as a terminal does it
    dev.process.wait(STOPS_WITHIN_S)
    assert "Traceback" not in dev.said
    assert dev.leaves_nothing_behind()
    assert not [*dev.folder.iterdir()]


def test_a_terminal_that_is_closed_leaves_nothing_behind(start: Callable[..., Dev]) -> None:
    dev = start()
    dev.wait_until(lambda: "500 users live" in dev.said, NEWS_WITHIN_S)
    os.killpg(dev.process.pid, signal.SIGHUP)
    dev.process.wait(STOPS_WITHIN_S)
    assert dev.leaves_nothing_behind()
    assert not [*dev.folder.iterdir()]


def test_killed_it_takes_everything_with_it(start: Callable[..., Dev]) -> None:
    dev = start()
    dev.wait_until(lambda: "500 users live" in dev.said, NEWS_WITHIN_S)
    dev.process.kill()
    dev.process.wait(STOPS_WITHIN_S)
    assert dev.leaves_nothing_behind()


async def test_what_you_do_in_the_app_brings_you_messages_with_the_reason(
    start: Callable[..., Dev],
) -> None:
    dev = start("--users", "60")
    await asyncio.to_thread(dev.wait_until, lambda: "In another terminal" in dev.said, NEWS_WITHIN_S)
    address = re.findall(r"http://\S+", dev.said)[0]
    dashboard = re.findall(r"http://\S+/dashboard/", dev.said)[0]
    async with chromium() as browser:
        page = await browser.new_page()
        await page.goto(address)
        await expect(page.locator("#nothing")).to_be_visible()
        for does in ("Subscribe to the team plan", "Work every day for two weeks", "Let a payment fail"):
            await page.get_by_role("button", name=does).click()
            await expect(page.get_by_role("status")).to_contain_text(f"{does}: in Kafka")
        banner = page.locator("segmenter-banner section")
        await expect(banner).to_contain_text("Your last payment did not go through", timeout=ANSWERS_WITHIN_MS)
        await page.get_by_role("button", name="Let a week pass").click()
        changes = page.locator("#changes")
        await expect(changes).to_contain_text("idle_days >= 7", timeout=ANSWERS_WITHIN_MS)
        await expect(page.locator("#nothing")).to_be_hidden()
        badge = page.locator("segmenter-feed .badge")
        await expect(badge).to_have_accessible_name(re.compile("new"), timeout=ANSWERS_WITHIN_MS)
        await badge.click()
        await expect(page.locator("segmenter-feed")).to_contain_text("Good to see you again")
        # The dashboard has it, too, and moves by itself.
        looking = await browser.new_page()
        await looking.goto(f"{dashboard}user?id=you")
        await expect(looking.locator("#within")).to_contain_text("payment-trouble", timeout=ANSWERS_WITHIN_MS)
        as_of = await looking.locator("#as-of").inner_text()
        await expect(looking.locator("#as-of")).not_to_have_text(as_of, timeout=ANSWERS_WITHIN_MS)
        # And somebody else sees what is theirs.
        await page.locator("#others button").first.click()
        await expect(page.get_by_label("You are")).not_to_have_value("you")
        await page.get_by_label("You are").fill("somebody-else")
        await page.get_by_label("You are").press("Enter")
        await expect(banner).to_have_count(0)
        await expect(page.locator("segmenter-feed")).not_to_contain_text("Good to see you again")
