"""Messages on pages: what became of each, as somebody would see it, why one person did not get it; on and off."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
from httpx import AsyncClient

from streams.core.instants import DAY_MS
from streams.delivery.decision import Decision
from streams.delivery.feed import FeedMessage, Marked
from streams.delivery.outcomes import counted, day_of
from streams.delivery.recipient import Decided, Recipient
from streams.kafka.batches.record import PlainRecord
from streams.kafka.partitioning import homes
from streams.lifecycle.applying import apply
from streams.lifecycle.checking import check_files
from streams.lifecycle.versions import files_of, history, live
from streams.outputs.delivery import encode_delivery
from streams.state.format import FEEDS, OUTCOMES, RECIPIENTS
from streams.state.store import Checkpoint, Write
from tests.state.checkpoints import claimed
from tests.web.dashboard.reading import page
from tests.web.group import NOW, PARTITIONS, RULES, Group

ABSENT: Final = "segment: absent\nenter: idle_days >= 7\ninclude: [company.name, email]"
COME_BACK: Final = """message: come-back
on: enters absent
state: off  # until it is spring
kind: modal
title: "We miss you, {{ company.name }}"
body: "{{ email }}"
action: {label: "Open <b>reports</b>", href: /reports}
"""
VARIANTS: Final = """message: choice
on: [leaves absent, becomes pace/busy]
state: live
holdout: 100%
variants:
  long: {title: A long one}
  short: {title: "Short {{ rule }}"}
"""


@pytest.fixture
async def group(tmp_path: Path) -> Group:
    made = Group(tmp_path)
    messages = tmp_path / "rules" / "messages"
    (tmp_path / "rules" / "absent.yaml").write_text(ABSENT)
    (messages / "come-back.yaml").write_text(COME_BACK)
    (messages / "choice.yaml").write_text(VARIANTS)
    return await made.begin()


async def delivered(group: Group, user: str, **decisions: int) -> None:
    """As those who deliver store it: so many of each decision, the last one about this user."""
    decided = [
        Decision("m1", "come-back", "in_app", what, "a reason", "c1", NOW - DAY_MS)  # type: ignore[arg-type]  # a verdict
        for what, many in decisions.items()
        for _ in range(many)
    ]
    kept = Recipient(decided={"come-back": Decided(decided[-1].decision, "a reason", NOW - DAY_MS)})
    (shard,) = homes(user, PARTITIONS, "murmur2")
    await claimed(group.store.deliveries, shard, 1)
    writes: list[Write[Any, Any]] = [Write(RECIPIENTS, [(user, kept.encode())]), Write(OUTCOMES, counted(decided))]
    await group.store.deliveries.save(shard, 1, Checkpoint(1, b"", {}, writes))


def preview(text: str) -> str:
    return text.partition('id="preview"')[2].partition("</section>")[0]


async def test_what_became_of_each_message_is_counted_over_thirty_days(group: Group, client: AsyncClient) -> None:
    await delivered(group, "ann", sent=12, held_out=3)
    old = [("come-back/sent", (day_of(NOW - 31 * DAY_MS), 500, 0)), ("come-back/seen", (day_of(NOW), 6, 0))]
    (shard,) = homes("ann", PARTITIONS, "murmur2")
    await group.store.deliveries.save(shard, 1, Checkpoint(2, b"", {}, [Write(OUTCOMES, old)]))
    text = await page(client, "messages")
    row = text.partition('href="message?name=come-back"')[2].partition("</tr>")[0]
    assert re.findall(r"<td[^>]*>(\d+)</td>", row) == ["12", "6", "0", "0", "0", "0", "3", "0", "0", "0"]
    text = await page(client, "message?name=come-back")
    assert re.search(r"Seen</dt><dd>6 <span[^>]*>50 %<", text)
    assert "Sent on each of the last 30 days, 12 in all" in text


async def test_a_message_is_shown_as_somebody_would_see_it_with_their_values_as_text(client: AsyncClient) -> None:
    text = await page(client, "message?name=come-back&user=ann")
    assert 'As <a class="id" dir="auto" href="user?id=ann">ann</a> would see it now' in text
    seen = preview(text)
    assert 'class="stage modal"' in text
    assert "<h3>We miss you, &lt;b&gt;Acme&lt;/b&gt;</h3>" in seen
    assert "Open &lt;b&gt;reports&lt;/b&gt;" in seen
    # Private as everywhere, though the rule includes it and ann herself would see it.
    assert "<p>***</p>" in seen
    assert "ann@x.example" not in text


async def test_where_no_text_can_be_made_for_somebody_the_reason_is_told(client: AsyncClient) -> None:
    text = await page(client, "message?name=come-back&user=bob")
    assert "No text can be made for bob, and nothing would be sent: title: `name` is missing" in text


async def test_whoever_the_change_was_about_last_is_shown_where_nobody_was_chosen(client: AsyncClient) -> None:
    assert ">ann</a> would see it now" in await page(client, "message?name=come-back")


async def test_each_variant_can_be_looked_at_by_who_is_held_out_too(client: AsyncClient) -> None:
    text = await page(client, "message?name=choice&user=ann&variant=short")
    assert "<h3>Short absent</h3>" in preview(text)
    assert "<h3>A long one</h3>" in preview(await page(client, "message?name=choice&user=ann&variant=long"))


async def test_why_one_person_did_not_get_it_is_told(group: Group, client: AsyncClient) -> None:
    # Ann entered; the message was off. Nothing that bob did begins it.
    assert re.search(
        r'It is off. \(enters absent at <time datetime="2026-03-08T09:00:00.000Z" [^>]+>8 Mar 09:00</time>\)',
        await page(client, "message?name=come-back&user=ann"),
    )
    assert "of the changes that are kept of bob none enters absent" in await page(
        client, "message?name=come-back&user=bob"
    )
    assert "Nobody called nobody is known" in await page(client, "message?name=come-back&user=nobody")
    await delivered(group, "ann", capped=1)
    why = (await page(client, "message?name=come-back&user=ann")).partition('id="why"')[2].partition("</div>")[0]
    assert "Capped" in why
    assert "a reason" in why


async def test_the_newest_decisions_are_those_of_the_message(group: Group, client: AsyncClient) -> None:
    for place, name in enumerate(("come-back", "choice")):
        one = Decision(f"m{place}", name, "in_app", "capped", f"{name} cap", "c1", NOW)
        group.window.decisions.take([PlainRecord(place, NOW, b"ann", encode_delivery("ann", one))])
    text = await page(client, "message?name=choice")
    assert "choice cap" in text
    assert "come-back cap" not in text


async def test_a_users_page_has_messages_among_the_changes_and_what_the_user_did_with_them(
    group: Group, client: AsyncClient
) -> None:
    await delivered(group, "ann", sent=1)
    (shard,) = homes("ann", PARTITIONS, "murmur2")
    message = FeedMessage("m1", "come-back", "modal", "Hi", NOW - DAY_MS)
    put: Write[str, Any] = Write(FEEDS, [("ann", ("m1", message.encode()))])
    await group.store.deliveries.save(shard, 1, Checkpoint(2, b"", {}, [put]))
    await group.store.feeds.mark(shard, "ann", [Marked("m1", "clicked", NOW, "come-back")])
    past = (await page(client, "user?id=ann")).partition('id="timeline"')[2].partition("</ul>")[0]
    told = re.findall(r'<span class="quiet">([^<]+)</span> <a href="(?:segment|message)\?name=([^"]+)"', past)
    assert told[:3] == [("clicked", "come-back"), ("sent", "come-back"), ("enters", "quiet")]
    found = (await client.get("/api/v1/users/ann")).json()["messages"]
    assert [(each["decision"], each["at"]) for each in found] == [
        ("clicked", "2026-03-20T12:00:00.000Z"),
        ("sent", "2026-03-19T12:00:00.000Z"),
    ]
    assert (await client.get("/api/v1/users/bob")).json()["messages"] == []


async def switched(client: AsyncClient, do: str, base: int = 0, name: str = "come-back", note: str = "") -> int:
    answer = await client.post(f"/dashboard/message?name={name}", data={"do": do, "base": str(base), "note": note})
    return answer.status_code


async def test_a_message_is_switched_on_and_off_as_a_version_of_the_rules(group: Group, client: AsyncClient) -> None:
    assert "It is off" in await page(client, "message?name=come-back")
    assert await switched(client, "on", note="spring") == 303
    [version] = await history(group.store.group)
    assert (version.note, version.author) == ("spring", "this machine")
    files = await files_of(group.store.group, version)
    assert files["messages/come-back.yaml"] == COME_BACK.replace("state: off", "state: live")
    assert files["quiet.yaml"] == RULES["quiet"]
    text = await page(client, "message?name=come-back")
    assert "It is live" in text
    assert 'name="base" value="1"' in text
    assert await switched(client, "off", base=1) == 303
    newest = await live(group.store.group)
    assert newest is not None
    assert (newest.number, newest.note) == (2, "come-back: off")
    assert "It is off" in await page(client, "message?name=come-back")


async def test_what_somebody_else_applied_is_not_undone_by_a_switch(group: Group, client: AsyncClient) -> None:
    checked = check_files({"quiet.yaml": RULES["quiet"], "absent.yaml": ABSENT, "messages/come-back.yaml": COME_BACK})
    await apply(group.store.group, checked, after=None, author="bob", note="", at_ms=0)
    answer = await client.post("/dashboard/message?name=come-back", data={"do": "on", "base": "0"})
    assert answer.status_code == 409
    assert "bob applied version 1 meanwhile" in answer.text
    assert len(await history(group.store.group)) == 1


async def test_a_message_about_a_rule_in_shadow_is_not_switched_on(group: Group, client: AsyncClient) -> None:
    dark = {"absent.yaml": f"{ABSENT}\nstate: shadow", "messages/come-back.yaml": COME_BACK}
    await apply(group.store.group, check_files(dark), after=None, author="bob", note="", at_ms=0)
    group.window.look_again()
    answer = await client.post("/dashboard/message?name=come-back", data={"do": "on", "base": "1"})
    assert answer.status_code == 409
    assert "`absent` is in shadow: nobody is told of it" in answer.text


async def test_who_may_only_look_switches_nothing(tmp_path: Path, group: Group) -> None:
    reader, editor = "a token of those who read", "a token of those who edit"
    locked = Group(tmp_path, web_token=reader, web_editor_token=editor)
    async with locked.client(Authorization=f"Bearer {reader}") as client:
        assert await switched(client, "on") == 403
    async with group.client(**{"Sec-Fetch-Site": "cross-site"}) as client:
        assert await switched(client, "on") == 403
    assert await live(locked.store.group) is await live(group.store.group) is None


async def test_a_message_that_is_not_there_is_told(client: AsyncClient) -> None:
    assert "There is no message nothing." in await page(client, "message?name=nothing", 404)
    assert await switched(client, "on", name="nothing") == 404
