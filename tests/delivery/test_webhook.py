"""Webhooks as Standard Webhooks has them: its own library is the judge of what is signed."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from streams.core.changes import Change
from streams.core.instants import DAY_MS
from streams.delivery.queue import Numbered, WebhookQueue
from streams.delivery.webhook import AGAIN_AFTER_MS, Endpoint, Queued, key_of, signed, webhooks_of
from tests.delivery.histories import change

SECRETS = [f"whsec_{base64.b64encode(bytes([number]) * 32).decode()}" for number in (1, 2)]


def queued(number: int = 0, user: str = "ann", endpoint: str = "crm", due_at: int = 0) -> Queued:
    return Queued(endpoint, user, f"id-{number}", b"{}", None, None, f"id-{number}", due_at)


@given(st.binary(max_size=200), st.text("0123456789abcdef", min_size=1))
def test_what_is_signed_the_library_of_the_standard_verifies(body: bytes, webhook_id: str) -> None:
    now_s = int(datetime.now(UTC).timestamp())
    body = json.dumps({"data": body.hex()}).encode()
    headers = signed(webhook_id, now_s, body, [key_of(SECRETS[0])])
    assert Webhook(SECRETS[0]).verify(body, headers) == json.loads(body)
    assert headers["webhook-signature"] == Webhook(SECRETS[0]).sign(
        webhook_id, datetime.fromtimestamp(now_s, UTC), body.decode()
    )
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRETS[0]).verify(body + b" ", headers)


def test_while_a_secret_is_changed_both_verify() -> None:
    now_s = int(datetime.now(UTC).timestamp())
    headers = signed("id", now_s, b"{}", list(map(key_of, SECRETS)))
    for secret in SECRETS:
        Webhook(secret).verify(b"{}", headers)


SHORT = "whsec_" + base64.b64encode(b"x" * 23).decode()


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_abc", "whsec_!!!", SHORT])
def test_what_is_no_secret_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match=r"24 to 64|base64|padding"):
        key_of(secret)


def test_an_attempt_is_made_again_by_the_schedule_and_then_no_more() -> None:
    webhook: Queued | None = queued()
    waits = []
    while webhook is not None:
        before = webhook
        webhook = webhook.again(1_000_000, None)
        if webhook is not None:
            waits.append(webhook.due_at - 1_000_000)
            assert webhook.attempt == before.attempt + 1
    assert len(waits) == len(AGAIN_AFTER_MS)
    for wait, least in zip(waits, AGAIN_AFTER_MS, strict=True):
        assert least <= wait <= 1.1 * least


def test_what_failed_together_is_not_tried_together() -> None:
    again = [queued(number).again(0, None) for number in range(100)]
    assert len({each.due_at for each in again if each is not None}) > 50


def test_an_endpoint_may_ask_for_more_time_but_not_for_ever() -> None:
    for asked_ms, wait_ms in ((60_000, 60_000), (90 * DAY_MS, DAY_MS)):
        again = queued().again(0, asked_ms)
        assert again is not None
        assert again.due_at == wait_ms


def test_an_endpoint_gets_the_changes_of_its_segments() -> None:
    def wants(segments: set[str] | None, live_only: bool = False, is_live: bool = True) -> bool:
        endpoint = Endpoint("crm", "https://x", None if segments is None else frozenset(segments), live_only=live_only)
        return endpoint.wants(change("tier/y", "changed", previous="tier/x"), is_live)

    assert all([wants(None), wants({"tier"}), wants({"tier/y"}), wants({"tier/x"})])
    assert not any([wants(set()), wants({"other"}), wants({"tier"}, live_only=True, is_live=False)])


def test_a_body_has_the_change_as_it_was_published() -> None:
    entered = change(plan="pro")
    [(webhook_id, body)] = webhooks_of(Endpoint("crm", "https://x"), entered, b'{"any": "thing"}')
    said = {"type": "segment.entered", "timestamp": "1970-01-01T00:00:00.000Z", "data": {"any": "thing"}}
    assert (webhook_id, json.loads(body)) == (entered.id, said)


@pytest.mark.parametrize(
    ("made", "wanted", "told"),
    [
        (change(), None, [("Audience Entered", "a", True)]),
        (change(kind="exited"), None, [("Audience Exited", "a", False)]),
        (change("tier/y", "changed"), {"tier"}, [("Audience Entered", "tier/y", True)]),
        (
            change("tier/y", "changed", previous="tier/x"),
            {"tier"},
            [("Audience Exited", "tier/x", False), ("Audience Entered", "tier/y", True)],
        ),
        (change("tier/y", "changed", previous="tier/x"), {"tier/x"}, [("Audience Exited", "tier/x", False)]),
        (change("tier/y", "changed", previous="tier/x"), {"tier/y"}, [("Audience Entered", "tier/y", True)]),
    ],
)
def test_segment_is_told_of_each_audience_that_is_left_or_entered(
    made: Change, wanted: set[str] | None, told: list[tuple[str, str, bool]]
) -> None:
    segments = None if wanted is None else frozenset(wanted)
    found = webhooks_of(Endpoint("crm", "https://x", segments, form="segment"), made, b"{}")
    bodies = [json.loads(each.body) for each in found]
    assert [(each["event"], each["properties"]["audience_key"]) for each in bodies] == [each[:2] for each in told]
    assert [each["properties"][key] for each, (_, key, _) in zip(bodies, told, strict=True)] == [
        is_in for *_, is_in in told
    ]
    assert [each["messageId"] for each in bodies] == [each.id for each in found]
    assert len({each.id for each in found}) == len(found)
    assert {(each["type"], each["userId"]) for each in bodies} == {("track", "ann")}


# ------------------------------------------------------------------------------------------- the queue


def test_a_user_s_webhooks_go_in_order_and_a_failure_holds_back_that_user_at_that_endpoint_only() -> None:
    queue = WebhookQueue()
    for number, (user, endpoint) in enumerate([("ann", "crm"), ("ann", "crm"), ("bob", "crm"), ("ann", "log")]):
        queue.add(number, queued(number, user, endpoint))
    first = queue.take("crm", 0)
    assert first is not None
    assert first.number == 0
    second = queue.take("crm", 0)
    assert second is not None
    assert second.number == 2
    assert queue.take("crm", 0) is None
    queue.settle(0, first.webhook.again(0, None))
    assert queue.take("crm", 1_000) is None
    other = queue.take("log", 0)
    assert other is not None
    assert other.number == 3
    again = queue.take("crm", 6_000)
    assert again is not None
    assert (again.number, again.webhook.attempt) == (0, 2)
    queue.settle(0, None)
    last = queue.take("crm", 6_000)
    assert last is not None
    assert last.number == 1


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xy")), max_size=20), st.data())
def test_whatever_fails_in_between_each_is_done_once_and_in_the_order_of_its_line(
    lines: list[tuple[str, str]], data: st.DataObject
) -> None:
    queue, now_ms = WebhookQueue(), 0
    for number, (user, endpoint) in enumerate(lines):
        queue.add(number, queued(number, user, endpoint))
    done: list[int] = []
    while len(queue):
        taken = [one for endpoint in "xy" for one in every(queue, endpoint, now_ms)]
        assert len({(one.webhook.user, one.webhook.endpoint) for one in taken}) == len(taken)
        for one in taken:
            if one.webhook.attempt < 4 and data.draw(st.booleans()):
                queue.settle(one.number, one.webhook.again(now_ms, None))
            else:
                queue.settle(one.number, None)
                done.append(one.number)
        now_ms += DAY_MS
    assert sorted(done) == list(range(len(lines)))
    for line in set(lines):
        assert [number for number in done if lines[number] == line] == [
            n for n, each in enumerate(lines) if each == line
        ]


def every(queue: WebhookQueue, endpoint: str, now_ms: int) -> Iterator[Numbered]:
    """All that may be tried now."""
    while (one := queue.take(endpoint, now_ms)) is not None:
        yield one
