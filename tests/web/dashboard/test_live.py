"""A page is told that there is something new, and nothing of it."""

import asyncio

import pytest

from streams.kafka.batches.record import PlainRecord
from streams.web.dashboard import live
from streams.web.dashboard.live import BEGINS, NEWS, Live
from tests.web.group import Group


async def test_a_stream_tells_that_there_is_news_and_no_more(group: Group) -> None:
    lines = Live(group.window, at_most_every_s=0).lines()
    assert await anext(lines) == BEGINS
    told = asyncio.ensure_future(anext(lines))
    while not told.done():
        group.window.changes.take([PlainRecord(1, None, b"ann", b"no change")])
        await asyncio.sleep(0)
    assert await told == NEWS
    group.window.stopping.begin()
    assert [line async for line in lines] == []


async def test_what_comes_while_a_page_looks_is_told_afterwards(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "AT_LEAST_EVERY_S", 3_600.0)
    lines = Live(group.window, at_most_every_s=0).lines()
    assert await anext(lines) == BEGINS
    for number in range(2):
        group.window.changes.take([PlainRecord(number, None, b"ann", b"no change")])
        async with asyncio.timeout(60):
            assert await anext(lines) == NEWS
    group.window.stopping.begin()
    assert [line async for line in lines] == []
