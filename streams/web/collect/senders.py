"""A request of a sender: who it is, what it sends, and what it is told.

    1. how much comes of its address
    2. the body, within limits of bytes and time
    3. the write key, from wherever clients put it, and whether a page of that origin may use it
    4. how much comes of that key
    5. the events into Kafka, whose confirmation is waited for

Whatever ends it earlier is a `Refusal`, which is counted by key and code.
"""

import time
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from streams.errors import Busy, Unreachable
from streams.kafka.publisher import Outgoing
from streams.settings import Settings
from streams.web import cors
from streams.web.answers import JsonAnswer, our_fault
from streams.web.bodies import WHOLE, Bodies, ClientGone
from streams.web.collect.keys import WriteKeys, candidates
from streams.web.metrics import CONFIRMED_IN, REFUSED, taken
from streams.web.rates import Rate, sender_at
from streams.web.refusal import Refusal, come_again

METHODS: Final = "POST, OPTIONS"
COME_AGAIN_S: Final = 2
DONE_TO_A_SERVER: Final = JsonAnswer({"success": True}, 200, dict(cors.ALWAYS))  # made once, as most answers are it


class Sent:
    """A request while it is looked at. key: the name of its write key, empty as long as it has none. is_whole: whether
    all of its body is here."""

    __slots__ = ("address", "headers", "is_whole", "key", "origin", "query")

    def __init__(self, scope: Scope):
        self.headers: Mapping[bytes, bytes] = dict(scope["headers"])
        self.query: bytes = scope["query_string"]
        self.origin = cors.origin_of(self.headers)
        self.address = sender_at(scope["client"][0]) if scope["client"] else None
        self.is_whole = WHOLE in scope
        self.key = ""


class Gate:
    """What all senders pass: keys, bodies and rates are those of the process."""

    def __init__(self, settings: Settings, keys: WriteKeys):
        self._keys = keys
        self._bodies = Bodies()
        self._per_key = Rate(settings.collect_per_key)
        self._per_address = Rate(settings.collect_per_address)

    def may_ask(self, origin: str | None) -> bool:
        return origin is not None and self._keys.may_ask(origin)

    async def body(self, sent: Sent, receive: Receive, limit: int) -> bytes:
        self._count(self._per_address, sent.address, 1)
        return await self._bodies.read(sent.headers, receive, limit, sent.is_whole)

    def let_in(self, sent: Sent, in_body: str | None) -> str | None:
        """The name of the first key that we know; it may stand in the body, too. None where no key is needed."""
        if not self._keys.are_needed:
            return None
        found = [*candidates(sent.headers, sent.query), *((in_body,) if in_body else ())]
        names = [name for key in found if (name := self._keys.name_of(key)) is not None]
        if not names:
            said = "this write key is not known" if found else "there is no write key"
            raise Refusal(401, "unknown_key" if found else "no_key", f"{said}: see SEGMENTER_WRITE_KEYS")
        sent.key = names[0]
        if not self._keys.may_use(sent.key, sent.origin):
            raise Refusal(403, "wrong_origin", "pages of this origin may not use the key (SEGMENTER_WRITE_KEY_ORIGINS)")
        return sent.key

    def count(self, sent: Sent, events: int) -> None:
        """That so many come, beside the one that was counted before the body was read."""
        self._count(self._per_key, sent.key, events)
        if events > 1:
            self._count(self._per_address, sent.address, events - 1)

    def _count(self, rate: Rate, sender: str | None, events: int) -> None:
        if sender is not None and (wait_s := rate.wait_s(sender, events, time.monotonic())):
            raise come_again("too_many_events", "more events a second than one sender may send", wait_s)


class Kafka(Protocol):
    """As `streams.kafka.confirmed.Confirmed`."""

    @property
    def away(self) -> str | None:
        """Why it takes nothing just now."""

    async def write(self, records: Iterable[Outgoing]) -> None:
        """Returns when Kafka has all of them. Unreachable, Busy: it may have some."""


class Resource:
    """What is posted to: an ASGI application. Of each kind of sender one says what its body means."""

    def __init__(self, gate: Gate, kafka: Kafka):
        self.gate = gate
        self._kafka = kafka

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sent = Sent(scope)
        try:
            answer = await self._answer(scope["method"], sent, receive)
        except ClientGone:
            return
        except Refusal as refusal:
            REFUSED.labels(sent.key, refusal.code).inc()
            answer = self._seen_by_page(sent, refusal.answer())
        except Exception as error:  # noqa: BLE001  # whatever it is, nothing of it may be told but its place
            answer = self._seen_by_page(sent, our_fault(error))
        await answer(scope, receive, send)

    async def _answer(self, method: str, sent: Sent, receive: Receive) -> Response:
        if method == "OPTIONS":
            return cors.preflight(sent.headers, self._shown_to(sent), METHODS)
        if method != "POST":
            raise Refusal(405, "wrong_method", "events are posted", {"Allow": METHODS})
        return await self.take(sent, receive)

    @abstractmethod
    async def take(self, sent: Sent, receive: Receive) -> Response:
        """The answer to what was posted."""

    async def confirm(self, sent: Sent, records: Sequence[Outgoing]) -> None:
        """Returns when Kafka has all of them."""
        since = time.perf_counter()
        try:
            await self._kafka.write(records)
        except Unreachable as error:
            raise Refusal(503, "kafka_away", str(error), {"Retry-After": str(COME_AGAIN_S)}) from None
        except Busy as error:
            raise come_again("busy", str(error), COME_AGAIN_S) from None
        CONFIRMED_IN.observe(time.perf_counter() - since)
        taken(sent.key).inc(len(records))

    def done(self, sent: Sent, said: Mapping[str, Any] | None = None) -> Response:
        """said: what is to be told beside the success."""
        if not said and sent.origin is None:
            return DONE_TO_A_SERVER
        headers = dict(cors.for_origin(self._shown_to(sent)))
        return JsonAnswer({"success": True, **(said or {})}, 200, headers)

    def _seen_by_page(self, sent: Sent, answer: JsonAnswer) -> JsonAnswer:
        answer.headers.update(cors.for_origin(self._shown_to(sent)))
        return answer

    def _shown_to(self, sent: Sent) -> str | None:
        return sent.origin if self.gate.may_ask(sent.origin) else None


def count_refused(sent: Sent, codes: Iterable[str]) -> None:
    """Those of a request of which others were taken."""
    for code in codes:
        REFUSED.labels(sent.key, code).inc()
