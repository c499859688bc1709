"""The members of a segment as CSV: all of them, as the command writes them, and safe in a spreadsheet."""

import csv
import io
from pathlib import Path

import pytest
from httpx import AsyncClient

from streams.testing import track
from streams.web.dashboard import downloads
from tests.web.dashboard.reading import answer_to, page
from tests.web.group import Group


async def test_all_members_are_downloaded_as_the_command_writes_them(client: AsyncClient) -> None:
    assert 'href="members.csv?name=quiet"' in await page(client, "segment?name=quiet")
    answer = await answer_to(client, "members.csv?name=quiet")
    assert answer.text.splitlines() == ["user_id,segment,since", "ann,quiet,"]
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="quiet.csv"'
    # Of a tier all its levels, one after the other.
    levels = [line.split(",")[:2] for line in (await page(client, "members.csv?name=pace")).splitlines()[1:]]
    assert levels == [["bob", "pace/busy"], ["a/b <i>", "pace/calm"], ["ann", "pace/calm"]]
    assert "Did you mean quiet?" in await page(client, "members.csv?name=quite", 404)


async def test_an_id_that_a_spreadsheet_would_run_is_downloaded_as_text(tmp_path: Path) -> None:
    group = await Group(tmp_path).begin([track('=HYPERLINK("//evil")', "Signed In", "2026-03-01 09:00")])
    async with group.client() as client:
        text = await page(client, "members.csv?name=quiet")
    assert [row[0] for row in csv.reader(io.StringIO(text))] == ["user_id", '\'=HYPERLINK("//evil")']


async def test_downloads_are_so_many_at_once_and_no_more(
    group: Group, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "MOST_AT_ONCE", 0)
    answer = await answer_to(client, "members.csv?name=quiet", 429)
    assert answer.headers["retry-after"] == "10"
