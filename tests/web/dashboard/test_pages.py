"""The pages: what they show, to whom, and that nothing of it is taken for HTML."""

import asyncio
import csv
import gzip
import io
import re
import time
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from httpx import AsyncClient, Response

from streams.admin.mending import Sending
from streams.delivery.decision import Decision
from streams.dispatch.standing import Standings
from streams.kafka.batches.record import PlainRecord
from streams.kafka.group import Partition
from streams.outputs.delivery import encode_delivery
from streams.state.format import SENT_AGAIN
from streams.testing import track
from streams.web.dashboard import downloads, live, pages, parting
from streams.web.dashboard.live import BEGINS, NEWS, Live
from streams.web.views import conditions, counting, overview
from streams.web.views.overview import Overview, Overviews, Trouble
from streams.web.views.window import Window
from tests.web.group import NOW, Group

TOKEN = "a token of those who read"
PAGES = [
    "",
    "rules",
    "messages",
    "message?name=hello",
    "rule?name=quiet",
    "segment?name=quiet",
    "segment?name=pace",
    "segment?name=pace/busy",
    "user?id=ann",
    "dead-letters",
]


@pytest.fixture
async def group(tmp_path: Path) -> Group:
    return await Group(tmp_path).begin()


@pytest.fixture
async def client(group: Group) -> AsyncIterator[AsyncClient]:
    async with group.client() as client:
        yield client


async def page(client: AsyncClient, path: str, status: int = 200) -> Response:
    answer = await client.get(f"/dashboard/{path}")
    assert answer.status_code == status, answer.text
    return answer


class Links(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in ("href", "src", "action") and value is not None]


async def test_the_overview_has_every_segment_with_its_size(client: AsyncClient) -> None:
    text = (await page(client, "")).text
    assert "3 users, 3 rules" in text
    for words in ("Not seen for a week.", "success", 'href="segment?name=pace%2Fcalm"', "quiet: from "):
        assert words in text


async def test_the_overview_is_searched_and_filtered(client: AsyncClient) -> None:
    assert "Not seen" not in (await page(client, "?search=pace")).text
    assert "Not seen" in (await page(client, "?search=WEEK&owner=success&sort=segment")).text
    assert "No segment is called" in (await page(client, "?search=nothing")).text


async def test_of_many_rules_a_page_shows_a_part_and_how_many_there_are(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parting, "MOST", 1)
    told = {"admin": "1 to 1 of 3", "pace": "2 to 2 of 3", "quiet": "3 to 3 of 3"}
    for path in ("", "rules"):
        shown, link = [], path
        for place in told.values():
            text = (await page(client, link)).text
            body = text.partition("<main")[2].partition("What happens")[0].partition("History")[0]
            shown += [rule for rule in told if f'name={rule}">' in body.partition('id="filter"')[2]]
            assert f"{place}, by name" in text
            link = next((each.lstrip(".") for each in Links(text).found if "after=" in each), "")
        assert shown == list(told)
        assert not link, "on the last there is no next"
    # What is searched goes on to the next part, and back to the first.
    text = (await page(client, "?search=a&after=admin")).text
    assert {each for each in Links(text).found if "search=" in each} == {".?search=a", ".?after=pace&search=a"}
    assert "No rule is called so" in (await page(client, "rules?search=nothing")).text


async def test_of_many_rules_a_user_is_shown_some_and_the_others_are_found_by_name(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Search the rules" not in (await page(client, "user?id=ann")).text
    monkeypatch.setattr(parting, "MOST", 1)
    text = (await page(client, "user?id=ann")).text
    assert re.findall(r'details id="rule-(\w+)"', text) == ["admin"]
    assert "And 2 more, by name" in text
    found = (await page(client, "user?id=ann&search=QUIET")).text
    assert re.findall(r'details id="rule-(\w+)"', found) == ["quiet"]
    assert "None that is called so" in found


async def test_of_many_troubles_the_overview_tells_some_and_how_many_more(
    group: Group, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [Trouble("note", f"rule-{number}", "Nobody is in it") for number in range(1_500)]
    monkeypatch.setattr(overview, "_troubles", lambda *_: many)
    text = (await page(client, "")).text
    assert "1,500 things to look at" in text
    assert "and 1,488 more" in text
    assert len(text) < 30_000


async def test_the_words_of_thousands_of_rules_are_compressed(client: AsyncClient) -> None:
    answer = await page(client, "words")
    assert (answer.headers["content-encoding"], answer.headers["content-type"]) == ("gzip", "application/json")
    assert "quiet" in [each["text"] for each in answer.json()["words"]]


async def test_an_overview_that_takes_long_to_make_is_kept_the_longer(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, now_s = list[float](), [0.0]

    async def slow(_: Window) -> Overview:
        made.append(now_s[0])
        now_s[0] += 10.0
        return Overview("", 0, (), ())

    monkeypatch.setattr(overview, "overview", slow)
    monkeypatch.setattr(overview, "monotonic", lambda: now_s[0])
    kept = Overviews(group.window)
    for at_s in (0.0, 11.0, 50.0, 50.1):
        now_s[0] = max(now_s[0], at_s)
        await kept.now()
    assert made == [0.0, 50.1]


async def test_a_segment_has_its_sizes_as_a_chart_and_a_table_and_who_is_in_it(client: AsyncClient) -> None:
    text = (await page(client, "segment?name=quiet")).text
    for words in (
        'class="chart"',
        "Size of quiet over 30 days",
        '<th scope="row">8 Mar</th>',
        "user?id=ann",
        "As a table",
    ):
        assert words in text
    assert "Who is in it" not in (await page(client, "segment?name=pace")).text
    assert "user?id=bob" in (await page(client, "segment?name=pace/busy")).text


async def test_each_condition_of_a_segment_has_who_fulfils_it_and_whom_it_alone_keeps_out(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "WAITS_S", 60.0)
    text = (await page(client, "segment?name=admin")).text
    shown = re.findall(r"<code>([^<]+)</code> <span[^>]*>enter</span></th>.*?>([^<>]+ %)<.*?>([^<>]+ %)<", text)
    assert shown == [("role in [&#34;admin&#34;]", "33.3 %", "0 %"), ("not missing(email)", "33.3 %", "0 %")]
    assert "Of all 3 users" in text
    # A tier's are by level, and keep nobody out.
    text = (await page(client, "segment?name=pace")).text
    assert re.search(r"count\(any, days=7\) &gt;= 3</code> <span[^>]*>busy<", text)
    assert "Only this is missing" not in text


async def test_a_page_does_not_wait_for_conditions_to_be_counted_nor_fail_with_them(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> None:
        raise KeyError("ann@x.example")

    monkeypatch.setattr(conditions, "pass_rates", broken)
    monkeypatch.setattr(counting, "WAITS_S", 60.0)
    text = (await page(client, "segment?name=quiet")).text
    assert "is being counted" in text
    assert "KeyError" in caplog.text
    assert "ann@x.example" not in text + caplog.text


async def test_the_last_day_is_told_hour_by_hour(tmp_path: Path) -> None:
    times = [f"2026-03-20 {time}" for time in ("09:00", "09:10", "09:20")]
    async with (await Group(tmp_path).begin([track("bob", "Signed In", time) for time in times])).client() as client:
        text, tier = [(await page(client, f"segment?name={name}")).text for name in ("pace/busy", "pace")]
    assert "1 entered" in text
    assert "0 left" in text
    assert 'class="up"' in text
    hours = text.partition('id="hours-table"')[2].partition("</table>")[0]
    assert re.findall(r'plus">(\d+)<', hours).count("1") == 1
    assert "who left, hour by hour" not in tier


async def test_a_tier_tells_from_which_level_to_which_users_went(client: AsyncClient) -> None:
    for path, title in (("pace", "Where they go"), ("pace/busy", "Where they come from, and go to")):
        text = (await page(client, f"segment?name={path}")).text
        assert title in text
        assert 'aria-label="calm to busy: 1"' in text
    assert "Where they go" not in (await page(client, "segment?name=quiet")).text


async def test_a_level_shows_the_changes_into_and_out_of_it_alone(client: AsyncClient) -> None:
    whole, level = [(await page(client, f"segment?name={name}")).text for name in ("pace", "pace/busy")]
    changes = [text.partition('id="changes"')[2] for text in (whole, level)]
    assert [sorted(set(re.findall(r'user\?id=(\w+)"', text))) for text in changes] == [["ann", "bob"], ["bob"]]


async def test_members_come_page_by_page(group: Group, client: AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MEMBERS_SHOWN", 1)
    first = (await page(client, "segment?name=pace/calm")).text
    assert "ann" not in first.partition('id="members"')[2].partition("Newest changes")[0]
    assert "segment?name=pace%2Fcalm&amp;after=a%2Fb%20%3Ci%3E" in first
    assert "user?id=ann" in (await page(client, "segment?name=pace/calm&after=a%2Fb%20%3Ci%3E")).text
    found = (await page(client, "segment?name=pace/calm&search=ANN")).text
    assert 'href="user?id=ann"' in found
    assert "a%2Fb" not in found.partition('id="members"')[2].partition("</section>")[0]
    assert "Nobody so." in (await page(client, "segment?name=pace/calm&search=zzz")).text


async def test_all_members_are_downloaded_as_the_command_writes_them(client: AsyncClient) -> None:
    assert 'href="members.csv?name=quiet"' in (await page(client, "segment?name=quiet")).text
    answer = await page(client, "members.csv?name=quiet")
    assert answer.text.splitlines() == ["user_id,segment,since", "ann,quiet,"]
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="quiet.csv"'
    # Of a tier all its levels, one after the other.
    levels = [line.split(",")[:2] for line in (await page(client, "members.csv?name=pace")).text.splitlines()[1:]]
    assert levels == [["bob", "pace/busy"], ["a/b <i>", "pace/calm"], ["ann", "pace/calm"]]
    assert "Did you mean quiet?" in (await page(client, "members.csv?name=quite", 404)).text


async def test_an_id_that_a_spreadsheet_would_run_is_downloaded_as_text(tmp_path: Path) -> None:
    group = await Group(tmp_path).begin([track('=HYPERLINK("//evil")', "Signed In", "2026-03-01 09:00")])
    async with group.client() as client:
        text = (await page(client, "members.csv?name=quiet")).text
    assert [row[0] for row in csv.reader(io.StringIO(text))] == ["user_id", '\'=HYPERLINK("//evil")']


async def test_downloads_are_so_many_at_once_and_no_more(
    group: Group, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "MOST_AT_ONCE", 0)
    answer = await page(client, "members.csv?name=quiet", 429)
    assert answer.headers["retry-after"] == "10"


async def test_a_user_is_shown_with_every_condition_and_nothing_private(client: AsyncClient) -> None:
    text = (await page(client, "user?id=ann")).text
    for words in ("idle_days &gt;= 7", "missing(email)", "&lt;b&gt;Acme&lt;/b&gt;", "since 8 Mar 09:00"):
        assert words.replace("since ", "") in text
    assert "ann@x.example" not in text


async def test_what_anybody_sends_is_never_html(client: AsyncClient) -> None:
    for path in ("", "user?id=a%2Fb%20%3Ci%3E"):
        text = (await page(client, path)).text
        assert "a/b &lt;i&gt;" in text
        assert "<i>" not in text


@pytest.mark.parametrize("path", ["user?id=nobody", "user?id=", "segment?name=nothing", "user"])
async def test_what_is_not_there_is_told_on_a_page(client: AsyncClient, path: str) -> None:
    assert "Not found" in (await page(client, path, 404)).text


async def test_dead_letters_are_by_reason_with_what_to_do_and_masked(group: Group, client: AsyncClient) -> None:
    headers = [("reason_code", b"no_time"), ("reason", b"`timestamp` is no time"), ("topic", b"product-events")]
    headers += [("partition", b"1"), ("offset", b"7")]
    value = b'{"userId": "ann", "traits": {"email": "ann@x.example"}, "event": "<script>"}'
    group.window.dead_letters.take([PlainRecord(1, 1_772_355_600_000, b"ann", value, headers)])
    text = (await page(client, "dead-letters")).text
    for words in ("no_time", "`timestamp` is no time", "look at the producer&#39;s clock", "&lt;script&gt;"):
        assert words in text
    assert "ann@x.example" not in text
    assert "1 record could not be used" in (await page(client, "")).text


async def test_dead_letters_that_went_again_say_so_and_are_sent_by_editors_alone(group: Group, tmp_path: Path) -> None:
    places = ("product-events/1/7", "product-events/1/8")
    for number, (reason, offset) in enumerate([(b"no_rate", b"7"), (b"no_rate", b"9"), (b"too_large", b"1")]):
        headers = [("reason_code", reason), ("reason", b"why"), ("topic", b"product-events"), ("partition", b"1")]
        group.window.dead_letters.take([PlainRecord(number, NOW, b"ann", b"{}", [*headers, ("offset", offset)])])
    sending = Sending(NOW, "<b>ann</b>", places, is_done=False)
    await group.store.group.put(SENT_AGAIN, 1, msgspec.json.encode(sending))
    async with group.client(**{"Sec-Fetch-Site": "same-origin"}) as client:
        text = (await page(client, "dead-letters?sent=1&before=2")).text
        for words in ("1 record was sent again; 2 had been", "2, 1 sent again", "perhaps sent again", "&lt;b&gt;ann"):
            assert words in text
        assert "Send 1 again" in text
        assert "None of them is sent again: it would be too large again" in text
        refused = await client.post("/dashboard/dead-letters", data={"reason_code": "too_large"})
        assert refused.status_code == 400
        for said, why in (({}, "Say which"), ({"reason_code": "no_rate", "do": "chosen"}, "none was chosen")):
            refused = await client.post("/dashboard/dead-letters", data=said)
            assert refused.status_code == 400
            assert why in refused.text
    reading = await Group(tmp_path, web_token="a token of those who read").begin()
    async with reading.client(Authorization="Bearer a token of those who read") as client:
        assert (await client.post("/dashboard/dead-letters", data={"reason_code": "no_rate"})).status_code == 403
        asked = await client.post("/api/v1/dead-letters/again", json={"reason_code": "no_rate"})
        assert asked.status_code == 403
    async with group.client(**{"Sec-Fetch-Site": "cross-site"}) as client:
        assert (await client.post("/dashboard/dead-letters", data={"reason_code": "no_rate"})).status_code == 403


@pytest.mark.parametrize(
    ("query", "found", "to_send"),
    [
        ("", {7, 8, 9, 10}, 3),
        ("reason_code=no_rate", {7, 8}, 2),
        ("topic=billing-updates", {8}, 1),
        ("search=currency+EUR", {7}, 1),
        ("reason_code=no_rate&search=gbp", {8}, 1),
        ("search=rate+nothing", set(), 0),
    ],
)
async def test_dead_letters_are_found_by_reason_topic_and_words_and_all_that_are_found_can_be_sent(
    group: Group, client: AsyncClient, query: str, found: set[int], to_send: int
) -> None:
    letters = [
        (b"no_rate", b"no rate for currency EUR", b"product-events"),
        (b"no_rate", b"no rate for currency GBP", b"billing-updates"),
        (b"too_large", b"it has 2 MiB", b"product-events"),
        (b"no_time", b"`timestamp` is no time", b"product-events"),
    ]
    for offset, (code, reason, topic) in enumerate(letters, 7):
        headers = [("reason_code", code), ("reason", reason), ("topic", topic), ("partition", b"1")]
        letter = PlainRecord(offset, NOW, b"ann", b"{}", [*headers, ("offset", str(offset).encode())])
        group.window.dead_letters.take([letter])
    text = (await page(client, f"dead-letters?{query}")).text
    assert set(map(int, re.findall(r'data-key="[a-z-]+/1/(\d+)"', text))) == found
    assert ("found that can be sent again" in text) is bool(query and to_send)
    told = (await client.get(f"/api/v1/dead-letters?{query}")).json()
    assert (told["count"], told["to_send"]) == (len(found), to_send)
    assert told["topics"] == ["billing-updates", "product-events"]


async def test_messages_tell_what_was_decided_about_whom_and_why(group: Group, client: AsyncClient) -> None:
    decided = Decision("m1", "come-back", "in_app", "capped", "1 in 14d", "c1", NOW)
    group.window.decisions.take([PlainRecord(1, NOW, b"ann", encode_delivery("ann", decided))])
    text = (await page(client, "messages")).text
    for words in ("come-back", "not in the rules any more", 'href="user?id=ann"', "capped", "1 in 14d"):
        assert words in text


async def test_who_does_not_keep_up_is_on_the_overview(group: Group, client: AsyncClient) -> None:
    partitions = [Partition("product-events", number) for number in range(3)]
    begun_s = time.monotonic() - 400
    workers = group.window.behind.workers
    # Of the first a marker of a transaction is all that waits; the second has been late for long; the third has not.
    workers.look(dict(zip(partitions, (7, 1_000, 0), strict=True)), {}, begun_s)
    workers.look({partitions[2]: 500}, dict(zip(partitions, (6, 100, 0), strict=True)), begun_s + 399)
    text = (await page(client, "")).text
    assert "No worker keeps up: 900 records wait, the oldest for 6 min" in text
    assert "segmenter deliver" not in text.partition("</main>")[0].partition("to look at")[2].partition("</details>")[0]
    workers.look({}, {partitions[1]: 1_000}, begun_s + 400)
    assert workers.waiting(time.monotonic()) is None


async def test_a_rule_that_nobody_ever_entered_is_told_apart_from_one_that_is_empty(tmp_path: Path) -> None:
    group = Group(tmp_path)
    (tmp_path / "rules" / "never.yaml").write_text("segment: never\nenter: idle_days >= 900")
    await group.begin([track("bob", "Signed In", f"2026-03-{day} 09:00") for day in ("01", "19")])
    async with group.client() as client:
        text = (await page(client, "")).text
    told = dict(re.findall(r'name=(\w+)">\w+</a>\s+<span class="quiet">([^<]+)<', text))
    assert (told["never"], told["quiet"]) == ("Nobody is in it, nor entered in 30 days", "Nobody is in it")


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
        text = (await page(client, "")).text
    assert "Nothing has got to crm since 2026-03-20T12:00:00" in text
    assert "erp is disabled: it said that it is gone for good (HTTP 410)" in text
    assert "segmenter deliveries enable erp" in text
    assert "hub" not in text
    assert text.index("erp is disabled") < text.index("Nothing has got to crm")


@pytest.mark.parametrize("path", PAGES)
async def test_all_links_are_relative_and_lead_to_pages(client: AsyncClient, path: str) -> None:
    for link in Links((await page(client, path)).text).found:
        assert not re.match(r"/|\w+:", link), link
        if not link.startswith(("#", "sign-out")) and link != "rule":  # whose form names one
            assert (await client.get(f"/dashboard/{link.lstrip('.')}")).status_code in (200, 404), link


@pytest.mark.parametrize("prefix", ["", "/below/this"], ids=["taken away", "left"])
async def test_pages_work_under_a_path_of_a_proxys(tmp_path: Path, prefix: str) -> None:
    group = await Group(tmp_path, web_root_path="/below/this", web_token=TOKEN).begin()
    async with group.client() as client:
        answer = await client.get(f"{prefix}/")
        assert answer.headers["location"] == "/below/this/dashboard/"
        signed = await sign_in(client, f"{prefix}/dashboard/sign-in", TOKEN)
        assert "Path=/below/this/" in signed.headers["set-cookie"]


@pytest.mark.parametrize("path", [*PAGES, "app.js", "app.css", "sign-in", "user?id=nobody"])
async def test_nothing_comes_from_elsewhere_and_nothing_runs_that_is_not_ours(client: AsyncClient, path: str) -> None:
    answer = await client.get(f"/dashboard/{path}")
    assert answer.headers["content-security-policy"].startswith("default-src 'self';")
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert not re.search(r"<style|<script(?! type=\"module\" src=\"app.js\"></script>)| style=| on\w+=", answer.text)


async def sign_in(client: AsyncClient, path: str, token: str, site: str = "same-origin", place: str = ".") -> Response:
    headers = {"Sec-Fetch-Site": site, "Content-Type": "application/x-www-form-urlencoded"}
    return await client.post(path, data={"token": token, "next": place}, headers=headers)


async def test_who_is_not_signed_in_signs_in_and_comes_where_they_wanted(tmp_path: Path) -> None:
    group = await Group(tmp_path, web_token=TOKEN).begin()
    async with group.client() as client:
        answer = await client.get("/dashboard/user?id=a%2Fb%20%3Ci%3E")
        assert (answer.status_code, answer.headers["location"]) == (
            303,
            "sign-in?next=user%3Fid%3Da%252Fb%2520%253Ci%253E",
        )
        form = (await page(client, answer.headers["location"])).text
        assert 'value="user?id=a%2Fb%20%3Ci%3E"' in form
        assert (await sign_in(client, "/dashboard/sign-in", "wrong")).status_code == 401
        signed = await sign_in(client, "/dashboard/sign-in", TOKEN, place="user?id=a%2Fb%20%3Ci%3E")
        assert (signed.status_code, signed.headers["location"]) == (303, "user?id=a%2Fb%20%3Ci%3E")
        for attribute in ("HttpOnly", "SameSite=lax", "Path=/"):
            assert attribute in signed.headers["set-cookie"]
        assert "Sign out" in (await page(client, "")).text
        await client.post("/dashboard/sign-out", headers={"Sec-Fetch-Site": "same-origin"})
        assert (await client.get("/dashboard/")).status_code == 303


@pytest.mark.parametrize("place", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
async def test_nobody_is_led_elsewhere_by_signing_in(tmp_path: Path, place: str) -> None:
    group = await Group(tmp_path, web_token=TOKEN).begin()
    async with group.client() as client:
        assert (await sign_in(client, "/dashboard/sign-in", TOKEN, place=place)).headers["location"] == "."


async def test_no_other_site_signs_anybody_in_or_out(tmp_path: Path) -> None:
    group = await Group(tmp_path, web_token=TOKEN).begin()
    async with group.client() as client:
        assert (await sign_in(client, "/dashboard/sign-in", TOKEN, site="cross-site")).status_code == 403
        assert (await client.post("/dashboard/sign-out", headers={"Sec-Fetch-Site": "cross-site"})).status_code == 403


async def test_a_group_whose_workers_never_began_has_a_page_that_says_so(tmp_path: Path) -> None:
    async with Group(tmp_path).client() as client:
        answer = await page(client, "", 503)
        assert "No worker of the group segmenter has ever written" in answer.text
        assert answer.headers["retry-after"]
        assert "No worker of the group" in (await page(client, "members.csv?name=quiet", 503)).text


async def test_a_fault_of_our_own_is_told_on_a_page_and_in_the_log_without_what_it_quotes(
    group: Group, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> None:
        raise KeyError("ann@x.example")

    monkeypatch.setattr(pages, "user", broken)
    async with group.client() as client:
        answer = await page(client, "user?id=ann", 500)
    assert answer.headers["content-type"].startswith("text/html")
    assert "a fault of segmenter&#39;s own" in answer.text
    assert "KeyError" in caplog.text
    assert "ann@x.example" not in answer.text + caplog.text


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_small(client: AsyncClient, path: str) -> None:
    files = [(await client.get(f"/dashboard/{name}")).content for name in ("app.css", "app.js", "icon.svg")]
    assert sum(len(gzip.compress(each)) for each in [(await page(client, path)).content, *files]) < 100_000


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
