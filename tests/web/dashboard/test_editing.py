"""Rules written on a page: faults where they are, stories, who would enter and leave; applied by who may, and back."""

from pathlib import Path

import pytest
from httpx import AsyncClient, Response

from streams.lifecycle.applying import apply
from streams.lifecycle.checking import check_files
from streams.lifecycle.versions import files_of, history, live
from streams.observed.names import ObservedNames, Sample
from streams.state.format import OBSERVED
from tests.web.group import RULES, Group

SOONER = RULES["quiet"].replace("idle_days >= 7", "idle_days >= 1")
STORIES = """a week of silence:
  events: |
    2026-03-01 09:00  ann  Signed In
  until: 2026-03-31
  changes: |
    2026-03-08 09:00  ann  enters quiet  (timer)
"""


@pytest.fixture
async def group(tmp_path: Path) -> Group:
    made = await Group(tmp_path).begin()
    (made.settings.rules / "quiet.stories.yaml").write_text(STORIES)
    return made


async def write(
    client: AsyncClient,
    text: str,
    do: str = "check",
    base: int = 0,
    rule: str = "quiet",
    note: str = "",
    **fields: str,
) -> Response:
    said = {"text": text, "base": str(base), "do": do, "note": note, **fields}
    return await client.post(f"/dashboard/rule?name={rule}", data=said)


async def test_a_rule_is_there_to_be_changed_and_a_new_one_begins_with_something(client: AsyncClient) -> None:
    assert "Not seen for a week." in (await client.get("/dashboard/rule?name=quiet")).text
    begun = (await client.get("/dashboard/rule?name=gone-quiet")).text
    assert "A new rule." in begun
    assert "segment: gone-quiet" in begun
    assert (await client.get("/dashboard/rule?name=../etc")).status_code == 400


async def test_the_words_that_can_stand_in_it_are_those_of_the_language_of_the_rules_and_of_what_was_sent(
    group: Group, client: AsyncClient
) -> None:
    seen = ObservedNames()
    seen.count({"Signed In": 7, '<b>"odd"</b>': 1})
    seen.note(Sample("Signed In", ["format"], ["role", "odd name", "plan"]))
    await group.store.group.put(OBSERVED, 20_000, seen.encode())
    answer = await client.get("/dashboard/words")
    assert answer.headers["content-type"].startswith("application/json")
    found = {(each["sort"], each["text"]): each["says"] for each in answer.json()["words"]}
    assert found["event", "Signed In"] == "seen 7 times of late"
    for sort, text in [
        *[
            ("function", "count("),
            ("feature", "idle_days"),
            ("option", "days="),
            ("key", "enter: "),
            ("key", "levels: "),
        ],
        *[
            ("segment", "quiet"),
            ("segment", "pace/busy"),
            ("trait", "paying"),
            ("trait", "role"),
            ("property", "format"),
        ],
        *[("trait", 'trait("odd name")'), ("event", '<b>"odd"</b>')],
        *[("story key", "events: |"), ("story key", "until: ")],
        *[("verb", "is now "), ("billing", "Subscription Started")],
    ]:
        assert (sort, text) in found
    assert sum(text == "plan" for _, text in found) == 1


async def test_a_fault_is_told_where_it_is_with_what_is_near(client: AsyncClient) -> None:
    text = (await write(client, RULES["quiet"].replace("idle_days", "idle_dayz"))).text
    assert "line 3, column 8" in text
    assert "did you mean `idle_days`?" in text


async def test_who_would_enter_and_leave_is_told_with_reasons_before_anything_is(
    group: Group, client: AsyncClient
) -> None:
    text = (await write(client, SOONER)).text
    assert "quiet.yaml is written anew" in text
    assert "all 3 users looked at" in text
    assert 'href="user?id=bob"' in text
    assert "idle_days &gt;= 1 (is 1.1" in text
    assert await live(group.store.group) is None


async def test_its_stories_are_told_and_where_they_go_otherwise_both_are_shown(client: AsyncClient) -> None:
    assert "1 of 1 go as told" in (await write(client, RULES["quiet"])).text
    text = (await write(client, SOONER)).text
    assert "0 of 1 go as told" in text
    assert "+  2026-03-02 09:00  ann  enters quiet" in text


async def test_its_stories_are_written_beside_it_run_in_place_and_stored_with_it(
    group: Group, client: AsyncClient
) -> None:
    assert "a week of silence:" in (await client.get("/dashboard/rule?name=quiet")).text
    told = STORIES.replace("a week of silence", "a day of silence").replace("03-08", "03-02")
    assert "0 of 1 go as told" in (await write(client, RULES["quiet"], stories=told)).text
    text = (await write(client, SOONER, stories=told.replace("\n", "\r\n"))).text
    assert "1 of 1 go as told" in text
    assert "quiet.stories.yaml is written anew" in text
    assert (await write(client, SOONER, "apply", stories=told.replace("\n", "\r\n"))).status_code == 303
    [version] = await history(group.store.group)
    assert (await files_of(group.store.group, version))["quiet.stories.yaml"] == told
    assert "a day of silence:" in (await client.get("/dashboard/rule?name=quiet")).text
    assert "quiet.stories.yaml is taken away" in (await write(client, SOONER, base=1, stories="")).text
    # Taken away, there are none; the rule stays.
    assert (await write(client, SOONER, "apply", base=1, stories=" \n")).status_code == 303
    newest = await live(group.store.group)
    assert newest is not None
    kept = await files_of(group.store.group, newest)
    assert (kept["quiet.yaml"], "quiet.stories.yaml" in kept, "pace.yaml" in kept) == (SOONER, False, True)


async def test_a_fault_of_a_story_is_told_where_it_is_and_is_not_applied(group: Group, client: AsyncClient) -> None:
    told = STORIES.replace("enters quiet", "enters quite")
    text = (await write(client, RULES["quiet"], stories=told)).text
    assert "in the stories, line 6, column" in text
    assert 'data-field="stories"' in text
    assert "did you mean `quiet`?" in text
    assert "/tmp" not in text
    for wrong in (told, STORIES.replace("2026-03-31", "soon")):
        assert (await write(client, RULES["quiet"], "apply", stories=wrong)).status_code == 409
    assert await live(group.store.group) is None


async def test_what_is_applied_is_a_version_with_who_and_why(group: Group, client: AsyncClient) -> None:
    applied = await write(client, SOONER.replace("\n", "\r\n"), "apply", note="sooner is better")
    assert (applied.status_code, applied.headers["location"]) == (303, "rules")
    [version] = await history(group.store.group)
    assert (version.author, version.note) == ("this machine", "sooner is better")
    assert (await files_of(group.store.group, version))["quiet.yaml"] == SOONER
    text = (await client.get("/dashboard/rules")).text
    assert "version 1 is in force" in text
    assert "enter: idle_days &gt;= 1" in (await client.get("/dashboard/segment?name=quiet")).text
    assert "sooner is better" in text


@pytest.mark.parametrize("is_applied", [False, True], ids=["of a folder", "of a version"])
async def test_what_would_move_more_of_a_segment_than_somebody_allows_is_not_applied_and_nothing_typed_is_lost(
    group: Group, client: AsyncClient, is_applied: bool
) -> None:
    if is_applied:
        await write(client, RULES["quiet"], "apply")
    typed = {"note": "sooner <i>", "max_change": "50 %", "outcome": "Order Paid"}
    answer = await write(client, SOONER, "apply", base=int(is_applied), **typed)
    assert answer.status_code == 409
    assert "it would move more than 50 % of quiet (1 member, +2 -0)" in answer.text
    for value in ("sooner &lt;i&gt;", "50 %", "Order Paid"):
        assert f'value="{value}"' in answer.text
    assert len(await history(group.store.group)) == int(is_applied)
    assert (await write(client, SOONER, "apply", base=int(is_applied), max_change="200")).status_code == 303


async def test_a_limit_that_is_no_number_is_told_so(group: Group, client: AsyncClient) -> None:
    for wrong in ("little", "-5", "5 %%", "9" * 30, "٥"):
        answer = await write(client, SOONER, "apply", max_change=wrong)
        assert answer.status_code == 409
        assert "is a number of percent, such as 5, not" in answer.text
    assert await live(group.store.group) is None


async def test_a_rule_with_faults_is_not_applied(group: Group, client: AsyncClient) -> None:
    answer = await write(client, "segment: quiet\nenter: idle_dayz >= 7", "apply")
    assert answer.status_code == 409
    assert "there is no `idle_dayz`" in answer.text
    assert await live(group.store.group) is None


async def test_what_somebody_else_applied_meanwhile_is_not_undone_unseen(group: Group, client: AsyncClient) -> None:
    checked = check_files({"quiet.yaml": RULES["quiet"]})
    await apply(group.store.group, checked, after=None, author="bob", note="only this one", at_ms=0)
    answer = await write(client, SOONER, "apply", base=0)
    assert answer.status_code == 409
    assert "bob applied version 1 meanwhile" in answer.text
    assert len(await history(group.store.group)) == 1


async def test_a_version_shows_what_it_changed_and_is_made_live_again(group: Group, client: AsyncClient) -> None:
    await write(client, SOONER, "apply", note="sooner")
    await write(client, RULES["quiet"], "apply", base=1, note="later")
    text = (await client.get("/dashboard/version?number=2")).text
    assert "-enter: idle_days &gt;= 1" in text
    assert "+enter: idle_days &gt;= 7" in text
    back = await client.post("/dashboard/version?number=1", data={"base": "2", "note": ""})
    assert back.status_code == 303
    newest = await live(group.store.group)
    assert newest is not None
    assert (newest.number, newest.note) == (3, "back to version 1")
    assert "enter: idle_days &gt;= 1" in (await client.get("/dashboard/segment?name=quiet")).text
    assert (await client.get("/dashboard/version?number=9")).status_code == 400


async def test_who_may_only_look_may_try_and_not_apply(tmp_path: Path) -> None:
    reader, editor = "a token of those who read", "a token of those who edit"
    group = await Group(tmp_path, web_token=reader, web_editor_token=editor).begin()
    async with group.client(Authorization=f"Bearer {reader}") as client:
        tried = await write(client, SOONER)
        assert tried.status_code == 200
        assert "You may try it here" in tried.text
        refused = await write(client, SOONER, "apply")
        assert refused.status_code == 403
        assert '<nav aria-label="Pages">' in refused.text
        assert (await client.post("/dashboard/version?number=1", data={"base": "0"})).status_code == 403
    assert await live(group.store.group) is None


@pytest.mark.parametrize("path", ["rule?name=quiet", "version?number=1"])
async def test_no_other_site_changes_anything(group: Group, path: str) -> None:
    async with group.client(**{"Sec-Fetch-Site": "cross-site"}) as client:
        answer = await client.post(f"/dashboard/{path}", data={"text": SOONER, "do": "apply", "base": "0"})
        assert answer.status_code == 403
    assert await live(group.store.group) is None
