"""How long people stay: what timelines tell of it, and what they do not."""

from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
from httpx import AsyncClient

from streams.core.changes import Change
from streams.core.instants import DAY_MS
from streams.core.survival import left_after, staying_after
from streams.outputs.timeline import decode_entry, encode_entry
from streams.testing import track
from streams.web.views import counting
from streams.web.views.stays import Lengths, add_stays
from tests.state.changes import changed, entered, exited
from tests.web.group import Group

NOW: Final = 100 * DAY_MS


def told(*changes: Change) -> dict[str, Lengths]:
    """Of one user, the oldest first."""
    found = defaultdict[str, Lengths](Lengths)
    add_stays(found, [decode_entry(encode_entry(each)) for each in changes], NOW)
    return dict(found)


def test_a_stay_lasts_from_entering_to_leaving_or_until_now() -> None:
    found = told(entered("ann", "vip", 5), exited("ann", "vip", 12), entered("ann", "vip", NOW - 3))
    assert found == {"vip": Lengths([7], [3])}


def test_at_a_level_a_stay_ends_with_the_next_level() -> None:
    moves = changed("ann", None, "life/new", 0), changed("ann", "life/new", "life/power", 4)
    assert told(*moves) == {"life/new": Lengths([4], []), "life/power": Lengths([], [NOW - 4])}


def test_a_stay_whose_beginning_is_not_in_the_timeline_any_more_tells_nothing() -> None:
    assert told(exited("ann", "vip", 12), changed("ann", "life/new", "life/power", NOW)) == {
        "life/power": Lengths([], [0])
    }


def test_who_is_merged_into_another_has_not_left_of_their_own() -> None:
    assert told(entered("ann", "vip", 5), exited("ann", "vip", 12, cause="merge", merged_into="bob")) == {
        "vip": Lengths([], [7])
    }


def test_how_many_stay_longer_agrees_with_when_so_many_have_left() -> None:
    ended, lasting = [1, 2, 2, 5, 9], [3, 4, 20]
    for part in (0.25, 0.5):
        at = left_after(part, ended, lasting)
        assert at is not None
        after, before = staying_after(at, ended, lasting), staying_after(at - 1, ended, lasting)
        assert after is not None
        assert before is not None
        assert after <= 1 - part < before
    assert staying_after(21, ended, lasting) is None
    assert staying_after(0, ended, lasting) == 1.0


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[AsyncClient]:
    """Seven users who were busy for a week and some days, each a little longer."""
    events = [
        track(f"u{user}", "Signed In", f"2026-03-0{day} 09:00", f"{user}-{day}-{number}")
        for user in range(1, 8)
        for day in range(1, 1 + user)
        for number in range(3)
    ]
    async with (await Group(tmp_path).begin(events)).client() as client:
        yield client


async def test_a_page_tells_after_how_long_so_many_have_left(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "WAITS_S", 60.0)
    text = (await client.get("/dashboard/segment?name=pace/busy")).text
    stays = text.partition('id="stays"')[2].partition("</section>")[0]
    assert "A quarter leave within</dt><dd>7 days" in stays
    assert "Half leave within</dt><dd>9 days" in stays
    assert "From 7 stays of all 7 users, 0 of which last" in stays
    assert "Too few have left to say" in (await client.get("/dashboard/segment?name=quiet")).text


async def test_the_api_waits_until_it_is_counted(client: AsyncClient) -> None:
    found = (await client.get("/api/v1/segments/pace%2Fbusy/stays")).json()
    assert (found["ended"], found["half_ms"]) == (7, 9 * DAY_MS + 15 * 3_600_000)
    assert [each["share"] for each in found["staying"]] == [1.0, 1.0, 1.0, 0.857143]
    rates = (await client.get("/api/v1/segments/pace/conditions")).json()
    assert (rates["looked_at"], rates["rates"][0]["part"]) == (7, "busy")
    for what in ("stays", "conditions"):
        assert (await client.get(f"/api/v1/segments/quite/{what}")).status_code == 404
