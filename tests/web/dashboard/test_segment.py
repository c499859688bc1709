"""The page of a segment: how many are in it, by day and hour, what each condition does, and who they are."""

import re
from pathlib import Path

import pytest
from httpx import AsyncClient

from streams.testing import track
from streams.web.dashboard import pages
from streams.web.views import conditions, counting
from tests.web.dashboard.reading import page
from tests.web.group import Group


async def test_a_segment_has_its_sizes_as_a_chart_and_a_table_and_who_is_in_it(client: AsyncClient) -> None:
    text = await page(client, "segment?name=quiet")
    for words in (
        'class="chart"',
        "Size of quiet over 30 days",
        '<th scope="row">8 Mar</th>',
        "user?id=ann",
        "As a table",
    ):
        assert words in text
    assert "Who is in it" not in await page(client, "segment?name=pace")
    assert "user?id=bob" in await page(client, "segment?name=pace/busy")


async def test_each_condition_of_a_segment_has_who_fulfils_it_and_whom_it_alone_keeps_out(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "WAITS_S", 60.0)
    text = await page(client, "segment?name=admin")
    shown = re.findall(r"<code>([^<]+)</code> <span[^>]*>enter</span></th>.*?>([^<>]+ %)<.*?>([^<>]+ %)<", text)
    assert shown == [("role in [&#34;admin&#34;]", "33.3 %", "0 %"), ("not missing(email)", "33.3 %", "0 %")]
    assert "Of all 3 users" in text
    # A tier's are by level, and keep nobody out.
    text = await page(client, "segment?name=pace")
    assert re.search(r"count\(any, days=7\) &gt;= 3</code> <span[^>]*>busy<", text)
    assert "Only this is missing" not in text


async def test_a_page_does_not_wait_for_conditions_to_be_counted_nor_fail_with_them(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> None:
        raise KeyError("ann@x.example")

    monkeypatch.setattr(conditions, "pass_rates", broken)
    monkeypatch.setattr(counting, "WAITS_S", 60.0)
    text = await page(client, "segment?name=quiet")
    assert "is being counted" in text
    assert "KeyError" in caplog.text
    assert "ann@x.example" not in text + caplog.text


async def test_the_last_day_is_told_hour_by_hour(tmp_path: Path) -> None:
    times = [f"2026-03-20 {time}" for time in ("09:00", "09:10", "09:20")]
    async with (await Group(tmp_path).begin([track("bob", "Signed In", time) for time in times])).client() as client:
        text, tier = [await page(client, f"segment?name={name}") for name in ("pace/busy", "pace")]
    assert "1 entered" in text
    assert "0 left" in text
    assert 'class="up"' in text
    hours = text.partition('id="hours-table"')[2].partition("</table>")[0]
    assert re.findall(r'plus">(\d+)<', hours).count("1") == 1
    assert "who left, hour by hour" not in tier


async def test_a_tier_tells_from_which_level_to_which_users_went(client: AsyncClient) -> None:
    for path, title in (("pace", "Where they go"), ("pace/busy", "Where they come from, and go to")):
        text = await page(client, f"segment?name={path}")
        assert title in text
        assert 'aria-label="calm to busy: 1"' in text
    assert "Where they go" not in await page(client, "segment?name=quiet")


async def test_a_level_shows_the_changes_into_and_out_of_it_alone(client: AsyncClient) -> None:
    whole, level = [await page(client, f"segment?name={name}") for name in ("pace", "pace/busy")]
    changes = [text.partition('id="changes"')[2] for text in (whole, level)]
    assert [sorted(set(re.findall(r'user\?id=(\w+)"', text))) for text in changes] == [["ann", "bob"], ["bob"]]


async def test_members_come_page_by_page(group: Group, client: AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MEMBERS_SHOWN", 1)
    first = await page(client, "segment?name=pace/calm")
    assert "ann" not in first.partition('id="members"')[2].partition("Newest changes")[0]
    assert "segment?name=pace%2Fcalm&amp;after=a%2Fb%20%3Ci%3E" in first
    assert "user?id=ann" in await page(client, "segment?name=pace/calm&after=a%2Fb%20%3Ci%3E")
    found = await page(client, "segment?name=pace/calm&search=ANN")
    assert 'href="user?id=ann"' in found
    assert "a%2Fb" not in found.partition('id="members"')[2].partition("</section>")[0]
    assert "Nobody so." in await page(client, "segment?name=pace/calm&search=zzz")
