"""Lists of thousands are shown a part at a time, and what is not shown is found by its name."""

import re

import pytest
from httpx import AsyncClient

from streams.web.dashboard import parting
from tests.web.dashboard.reading import Links, answer_to, page


async def test_of_many_rules_a_page_shows_a_part_and_how_many_there_are(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parting, "MOST", 1)
    told = {"admin": "1 to 1 of 3", "pace": "2 to 2 of 3", "quiet": "3 to 3 of 3"}
    for path in ("", "rules"):
        shown, link = [], path
        for place in told.values():
            text = await page(client, link)
            body = text.partition("<main")[2].partition("What happens")[0].partition("History")[0]
            shown += [rule for rule in told if f'name={rule}">' in body.partition('id="filter"')[2]]
            assert f"{place}, by name" in text
            link = next((each.lstrip(".") for each in Links(text).found if "after=" in each), "")
        assert shown == list(told)
        assert not link, "on the last there is no next"
    # What is searched goes on to the next part, and back to the first.
    text = await page(client, "?search=a&after=admin")
    assert {each for each in Links(text).found if "search=" in each} == {".?search=a", ".?after=pace&search=a"}
    assert "No rule is called so" in await page(client, "rules?search=nothing")


async def test_of_many_rules_a_user_is_shown_some_and_the_others_are_found_by_name(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Search the rules" not in await page(client, "user?id=ann")
    monkeypatch.setattr(parting, "MOST", 1)
    text = await page(client, "user?id=ann")
    assert re.findall(r'details id="rule-(\w+)"', text) == ["admin"]
    assert "And 2 more, by name" in text
    found = await page(client, "user?id=ann&search=QUIET")
    assert re.findall(r'details id="rule-(\w+)"', found) == ["quiet"]
    assert "None that is called so" in found


async def test_what_a_user_is_nearest_to_comes_first(client: AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    # Whoever is away for a week is quiet by that alone; to be an admin somebody has to do something.
    assert re.findall(r'details id="rule-(\w+)"', await page(client, "user?id=bob")) == ["pace", "quiet", "admin"]
    monkeypatch.setattr(parting, "MOST", 1)
    text = await page(client, "user?id=bob")
    assert re.findall(r'details id="rule-(\w+)"', text) == ["pace", "quiet"]
    assert "And 1 more, further away: search" in text


async def test_the_words_of_thousands_of_rules_are_compressed(client: AsyncClient) -> None:
    answer = await answer_to(client, "words")
    assert (answer.headers["content-encoding"], answer.headers["content-type"]) == ("gzip", "application/json")
    assert "quiet" in [each["text"] for each in answer.json()["words"]]
