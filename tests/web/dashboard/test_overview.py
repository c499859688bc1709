"""The overview: every segment with its size, and what there is to look at."""

import re
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from httpx import AsyncClient
from msgspec.structs import replace

from streams.core.profiles.snapshot import Head
from streams.dispatch.standing import Standings
from streams.kafka.group import Partition
from streams.state.store import Checkpoint
from streams.testing import track
from streams.web.views import overview
from streams.web.views.overview import Overview, Overviews, Trouble
from streams.web.views.window import Window
from tests.web.dashboard.reading import page
from tests.web.group import NOW, Group


async def test_the_overview_has_every_segment_with_its_size(client: AsyncClient) -> None:
    text = await page(client, "")
    assert "3 users, 3 rules" in text
    for words in ("Not seen for a week.", "success", 'href="segment?name=pace%2Fcalm"', "quiet: from "):
        assert words in text


async def test_the_overview_is_searched_and_filtered(client: AsyncClient) -> None:
    assert "Not seen" not in await page(client, "?search=pace")
    assert "Not seen" in await page(client, "?search=WEEK&owner=success&sort=segment")
    assert "No segment is called" in await page(client, "?search=nothing")


async def test_of_many_troubles_the_overview_tells_some_and_how_many_more(
    group: Group, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [Trouble("note", f"rule-{number}", "Nobody is in it") for number in range(1_500)]
    monkeypatch.setattr(overview, "_troubles", lambda *_: many)
    text = await page(client, "")
    assert "1,500 things to look at" in text
    assert "and 1,488 more" in text
    assert len(text) < 30_000


@pytest.mark.parametrize(
    ("takes_s", "looked_at_s", "made_s"),
    [(1.0, (0.0, 1.1, 4.9, 5.1), [0.0, 5.1]), (48.0, (0.0, 49.0, 52.9, 53.1), [0.0, 53.1])],
    ids=["so that others are served", "but no longer than for some seconds: Redis was away, and is back"],
)
async def test_an_overview_that_takes_long_to_make_is_kept_the_longer(
    takes_s: float,
    looked_at_s: Sequence[float],
    made_s: Sequence[float],
    group: Group,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, now_s = list[float](), [0.0]

    async def slow(_: Window) -> Overview:
        made.append(now_s[0])
        now_s[0] += takes_s
        return Overview("", 0, (), ())

    monkeypatch.setattr(overview, "overview", slow)
    monkeypatch.setattr(overview, "monotonic", lambda: now_s[0])
    kept = Overviews(group.window)
    for at_s in looked_at_s:
        now_s[0] = max(now_s[0], at_s)
        await kept.now()
    assert made == made_s


async def test_who_does_not_keep_up_is_on_the_overview(group: Group, client: AsyncClient) -> None:
    partitions = [Partition("product-events", number) for number in range(3)]
    begun_s = time.monotonic() - 400
    workers = group.window.behind.workers
    # Of the first a marker of a transaction is all that waits; the second has been late for long; the third has not.
    workers.look(dict(zip(partitions, (7, 1_000, 0), strict=True)), {}, begun_s)
    workers.look({partitions[2]: 500}, dict(zip(partitions, (6, 100, 0), strict=True)), begun_s + 399)
    text = await page(client, "")
    assert "No worker keeps up: 900 records wait, the oldest for 6 min" in text
    assert "segmenter deliver" not in text.partition("</main>")[0].partition("to look at")[2].partition("</details>")[0]
    workers.look({}, {partitions[1]: 1_000}, begun_s + 400)
    assert workers.waiting(time.monotonic()) is None


async def test_a_rule_that_nobody_ever_entered_is_told_apart_from_one_that_is_empty(tmp_path: Path) -> None:
    group = Group(tmp_path)
    (tmp_path / "rules" / "never.yaml").write_text("segment: never\nenter: idle_days >= 900")
    await group.begin([track("bob", "Signed In", f"2026-03-{day} 09:00") for day in ("01", "19")])
    async with group.client() as client:
        text = await page(client, "")
    told = dict(re.findall(r'name=(\w+)">\w+</a>\s+<span class="quiet">([^<]+)<', text))
    assert (told["never"], told["quiet"]) == ("Nobody is in it, nor entered in 30 days", "Nobody is in it")


async def test_how_many_are_still_to_be_evaluated_under_rules_that_were_applied_is_on_the_overview(
    group: Group, client: AsyncClient
) -> None:
    stored = Head.decode(await group.store.shards.head(0) or b"")
    await group.store.shards.save(0, 1, Checkpoint(2, replace(stored, unevaluated=1).encode(), {}, []))
    assert "Yet to be looked at under what was applied: 1 of 3 users" in await page(client, "")


async def test_an_endpoint_that_gets_nothing_or_is_disabled_is_on_the_overview(tmp_path: Path) -> None:
    group = Group(tmp_path)
    (tmp_path / "rules" / "webhooks.yaml").write_text(
        "endpoints:\n"
        + "".join(f"  {name}: {{url: https://{name}.example, secret: SECRET}}\n" for name in ("crm", "erp", "hub"))
    )
    await group.begin()
    standings = Standings(group.store.group)
    await standings.failed("crm", NOW)
    await standings.failed("erp", NOW, is_gone=True)
    async with group.client() as client:
        text = await page(client, "")
    assert re.search("Nothing has got to crm since <time[^>]+>20 Mar 12:00</time>", text)
    assert "erp is disabled: it said that it is gone for good (HTTP 410)" in text
    assert "segmenter deliveries enable erp" in text
    assert "hub" not in text
    assert text.index("erp is disabled") < text.index("Nothing has got to crm")
