"""Pages in the states that no worker keeps them in for long: all people can read them, on any screen."""

from typing import Final

import pytest
from playwright.async_api import Page, expect

from streams.lifecycle.applying import apply
from streams.lifecycle.awaiting import Made, progress, settle, tell
from streams.lifecycle.checking import check_files
from streams.lifecycle.moves import Move
from tests.e2e.browser import (
    check_for_everybody,
)
from tests.e2e.dashboard.unsettled import BUYERS, FILES, JOBS, ODD
from tests.lifecycle.pasts import made_pasts
from tests.web.group import NOW, Group

pytestmark = pytest.mark.asyncio(loop_scope="module")


OFTEN: Final = "segment: often\nenter: active_days(days=45) >= 9\n"


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
