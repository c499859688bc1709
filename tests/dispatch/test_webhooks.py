"""Webhooks posted to a server of the test's own."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from standardwebhooks import Webhook

from streams.delivery.message import Message, Messages, Trigger
from streams.delivery.webhook import DISABLED_AFTER_MS, Endpoint, Queued
from streams.dispatch.inputs import Again, Input
from streams.dispatch.posting import Poster, keys_of
from streams.dispatch.sender import Sender
from streams.dispatch.standing import Standings
from streams.errors import UsageError
from streams.outputs.change import Noticed, encode_change
from streams.outputs.delivery import decode_delivery
from streams.state.memory import MemoryStore
from tests.delivery.histories import change, content
from tests.dispatch.endpoint import Receiver, poster
from tests.dispatch.lives import Life

SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()
OTHER = "whsec_" + base64.b64encode(b"o" * 32).decode()


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_SECRET", SECRET)
    monkeypatch.setenv("NEW_SECRET", OTHER)


class Sending:
    """A shard, its store, and who posts what it queues; the clock is the test's."""

    def __init__(self, book: Messages, store: MemoryStore, found: Poster):
        self.now_ms, self.log, self.book = 0, list[Input](), book
        self.standings = Standings(store.group)
        self.life = Life(store, book)
        self.sender = Sender(lambda: book, lambda: [self.life.shard.queue], found, self.standings, lambda: self.now_ms)

    async def own_anew(self, store: MemoryStore) -> None:
        """With the same who posts."""
        self.life = Life(store, self.book)
        await self.life.begin()

    async def happen(self, *changes: Any) -> None:
        await self.command(*(Noticed(each, True, encode_change(each)) for each in changes))

    async def command(self, *inputs: Input) -> None:
        self.log += inputs
        await self.life.read(self.log, len(self.log), self.now_ms)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Rounds as the process makes them."""
        async with asyncio.timeout(60):
            while not holds():
                outcomes = self.sender.outcomes(self.life.shard.queue)
                step = await self.life.shard.decide([], {}, 0, self.now_ms, outcomes)
                if step is not None:
                    await self.life.shard.save(step)
                    self.life.published += step.outbox
                await asyncio.sleep(0.005)

    def decided(self) -> list[tuple[str, str, int, str]]:
        """(user, decision, attempt, reason), in order."""
        records = [decode_delivery(each.value or b"") for each in self.life.published]
        return [(each.user_id, each.decision, each.attempt, each.reason) for each in records]


@asynccontextmanager
async def sending(book: Messages, store: MemoryStore | None = None) -> AsyncIterator[Sending]:
    async with poster() as found:
        made = Sending(book, store or MemoryStore(), found)
        await made.life.begin()
        running = asyncio.create_task(made.sender.run())
        try:
            yield made
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


def endpoint(receiver: Receiver, name: str = "crm", **parts: Any) -> Endpoint:
    known: dict[str, Any] = {"segments": None, "secrets": ("CRM_SECRET",)}
    return Endpoint(name, receiver.url + name, **(known | parts))


def book(*endpoints: Endpoint, messages: tuple[Message, ...] = ()) -> Messages:
    return Messages(messages, endpoints={each.name: each for each in endpoints})


async def test_a_change_is_posted_signed_and_told_of(receiver: Receiver) -> None:
    async with sending(book(endpoint(receiver, headers={"X-Team": "growth"}))) as made:
        entered = change(plan="pro")
        await made.happen(entered)
        await made.until(lambda: bool(made.decided()))
        [got] = receiver.got
        assert (got.id, got.headers["x-team"], got.path) == (entered.id, "growth", "/crm")
        assert Webhook(SECRET).verify(got.body, got.headers)["data"]["user_id"] == "ann"
        assert made.decided() == [("ann", "sent", 1, "HTTP 204")]
        assert len(made.life.shard.queue) == 0


async def test_a_message_is_posted_under_its_own_id_and_is_sent_once_it_is_there(receiver: Receiver) -> None:
    message = Message("m", (Trigger.of("enters a"),), content("Hi {{ user_id }}"), channel="webhook", endpoint="crm")
    async with sending(book(endpoint(receiver, segments=frozenset()), messages=(message,))) as made:
        await made.happen(change())
        assert made.decided() == []
        await made.until(lambda: bool(made.decided()))
        body = json.loads(receiver.got[0].body)
        assert (body["type"], body["data"]["title"], body["data"]["id"]) == (
            "message.sent",
            "Hi ann",
            receiver.got[0].id,
        )
        assert made.decided() == [("ann", "sent", 1, "HTTP 204")]


async def test_what_fails_is_tried_again_by_the_schedule_which_a_restart_keeps(receiver: Receiver) -> None:
    store = MemoryStore()
    receiver.answer = lambda _: 500
    made_book = book(endpoint(receiver))
    async with sending(made_book, store) as made:
        await made.happen(change())
        await made.until(lambda: bool(made.decided()))
        [(_, decision, attempt, reason)] = made.decided()
        assert (decision, attempt, reason[:16]) == ("held", 1, "HTTP 500; again ")
    receiver.answer = lambda _: 200
    async with sending(made_book, store) as made:
        assert len(made.life.shard.queue) == 1
        made.now_ms = 4_900
        await asyncio.sleep(0.1)
        assert len(receiver.got) == 1
        made.now_ms = 5_600
        await made.until(lambda: len(receiver.got) == 2 and not len(made.life.shard.queue))
        assert [each.id for each in receiver.got] == [change().id] * 2


async def test_after_the_last_attempt_it_has_failed_and_the_user_s_next_goes(receiver: Receiver) -> None:
    last = change(kind="exited", ordinal=2, hour=1)
    receiver.answer = lambda got: 200 if got.id == last.id else 503
    async with sending(book(endpoint(receiver))) as made:
        await made.happen(change(), last)
        while made.life.shard.queue.get(0) is not None:
            made.now_ms += 30 * 3_600_000
            await made.standings.enable("crm")
            before = len(made.decided())
            await made.until(lambda before=before: len(made.decided()) > before)  # type: ignore[misc]  # a lambda's default
        await made.until(lambda: len(made.life.shard.queue) == 0)
        assert [(decision, attempt) for _, decision, attempt, _ in made.decided()][-2:] == [("failed", 10), ("sent", 1)]


async def test_what_became_of_a_webhook_is_told_of_no_other_that_has_its_number_as_redis_lost_checkpoints(
    receiver: Receiver,
) -> None:
    async with sending(book(endpoint(receiver))) as made:
        await made.happen(change(user="ann"))
        async with asyncio.timeout(60):
            while not any(made.sender._outcomes.values()):  # noqa: ASYNC110 - nobody is told
                await asyncio.sleep(0.005)
        receiver.answer = lambda _: 500
        made.log.clear()
        await made.own_anew(MemoryStore())
        await made.happen(change(user="bob"))
        await made.until(lambda: bool(made.decided()))
        [(user, decision, _, reason)] = made.decided()
        assert (user, decision, reason[:8]) == ("bob", "held", "HTTP 500")


async def test_an_endpoint_that_hangs_or_slows_down_holds_up_no_other(receiver: Receiver) -> None:
    receiver.answer = lambda got: {"/hangs": None, "/slow": (429, {"Retry-After": "60"})}.get(got.path, 204)
    names = ("hangs", "slow", "well")
    async with sending(book(*(endpoint(receiver, name) for name in names))) as made:
        await made.happen(*(change(user=f"u-{number}") for number in range(100)))
        await made.until(lambda: sum(decision == "sent" for _, decision, *_ in made.decided()) == 100)
        slow = [reason for _, decision, _, reason in made.decided() if decision == "held"]
        assert slow
        assert all(reason == "HTTP 429; again at 1970-01-01T00:01:00.000Z" for reason in slow)
        assert len([each for each in receiver.got if each.path == "/slow"]) < 100


async def test_who_is_gone_or_takes_nothing_for_five_days_is_disabled_until_told_otherwise(receiver: Receiver) -> None:
    receiver.answer = lambda got: 410 if got.path == "/gone" else 500
    async with sending(book(endpoint(receiver, "gone"), endpoint(receiver, "down"))) as made:
        await made.happen(change())
        await made.until(lambda: len(made.decided()) == 2)
        assert made.standings.of("gone").disabled == "it said that it is gone for good (HTTP 410)"
        assert not made.standings.of("down").disabled
        made.now_ms = DISABLED_AFTER_MS
        await made.until(lambda: bool(made.standings.of("down").disabled))
        await made.happen(change(user="bob"))
        await made.until(lambda: sum(user == "bob" for user, *_ in made.decided()) == 2)
        assert {(decision, reason[:24]) for user, decision, _, reason in made.decided() if user == "bob"} == {
            ("failed", "the endpoint is disabled")
        }
        await made.standings.enable("down")
        receiver.answer = lambda _: 200
        await made.happen(change(user="cid"))
        await made.until(lambda: ("cid", "sent", 1, "HTTP 200") in made.decided())


async def test_while_a_secret_is_changed_both_sign_for_a_day(receiver: Receiver) -> None:
    async with sending(book(endpoint(receiver, secrets=("NEW_SECRET", "CRM_SECRET")))) as made:
        await made.happen(change())
        await made.until(lambda: len(receiver.got) == 1)
        made.now_ms = 25 * 3_600_000
        await made.happen(change(user="bob", hour=25))
        await made.until(lambda: len(receiver.got) == 2)
        assert [len(each.headers["webhook-signature"].split()) for each in receiver.got] == [2, 1]


async def test_without_its_secret_nothing_is_posted_and_the_reason_says_which(receiver: Receiver) -> None:
    async with sending(book(endpoint(receiver, secrets=("NOT_SET",)))) as made:
        await made.happen(change())
        await made.until(lambda: bool(made.decided()))
        assert "is in NOT_SET, and that is not set" in made.decided()[0][3]
        assert not receiver.got


def test_a_secret_that_is_none_is_refused_without_being_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_SECRET", "hunter2")
    with pytest.raises(UsageError) as error:
        keys_of(Endpoint("crm", "https://x", secrets=("CRM_SECRET",)))
    assert "hunter2" not in str(error.value)


def test_what_waits_comes_back_as_it_was_stored() -> None:
    webhook = Queued("crm", "ann", "id", b"\x00", "m", "a", "c", 5, 3)
    assert Queued.decode(webhook.encode()) == webhook


async def test_a_change_goes_again_by_hand_whether_it_failed_or_still_waits(receiver: Receiver) -> None:
    receiver.answer = lambda _: 410
    async with sending(book(endpoint(receiver))) as made:
        came = change()
        await made.happen(came)
        await made.until(lambda: bool(made.decided()))
        assert [verdict for _, verdict, *_ in made.decided()] == ["failed"]
        receiver.answer = lambda _: 503
        await made.standings.enable("crm")
        again = Again("", "crm", Noticed(came, True, encode_change(came)))
        await made.command(again)
        await made.until(lambda: len(made.decided()) == 2)
        assert [verdict for _, verdict, *_ in made.decided()] == ["failed", "held"]
        receiver.answer = lambda _: 204
        made.now_ms += 1_000  # sooner than it would be tried again by itself, and after the endpoint's pause
        await made.command(again, Again("", "gone", again.noticed))
        await made.until(lambda: len(made.decided()) == 3)
        assert [verdict for _, verdict, *_ in made.decided()] == ["failed", "held", "sent"]
        assert {each.headers["webhook-id"] for each in receiver.got} == {came.id}
        assert len(made.life.shard.queue) == 0


async def test_a_message_goes_again_by_hand_under_its_own_id(receiver: Receiver) -> None:
    said = Message("m", (Trigger.of("enters a"),), content("Hi {{ user_id }}"), channel="webhook", endpoint="crm")
    async with sending(book(endpoint(receiver, segments=frozenset()), messages=(said,))) as made:
        await made.happen(change())
        await made.until(lambda: len(made.decided()) == 1)
        await made.command(Again("m", "crm", Noticed(change(), True)))
        await made.until(lambda: len(made.decided()) == 2)
        first, second = receiver.got
        assert first.headers["webhook-id"] == second.headers["webhook-id"] != change().id
        assert json.loads(second.body)["data"]["title"] == "Hi ann"


async def test_an_error_of_ours_in_an_attempt_ends_who_posts_and_is_not_swallowed(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lose_its_way(*_: object) -> None:
        raise LookupError("which way?")

    async with poster() as found:
        made = Sending(book(endpoint(receiver)), MemoryStore(), found)
        await made.life.begin()
        monkeypatch.setattr(made.standings, "worked", lose_its_way)
        await made.happen(change("a", "entered", 0, 1, "ann"))
        with pytest.raises(LookupError, match="which way"):
            async with asyncio.timeout(60):
                await made.sender.run()
