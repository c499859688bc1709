"""Bodies: bounded in bytes and in time, whatever a client does."""

import asyncio
import gzip
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.web.bodies import GZIP, Bodies, ClientGone, inflated
from streams.web.refusal import Refusal

LIMIT = 1_000


class Sender:
    """What a server receives of one. It hangs when it has said all of it without saying so."""

    def __init__(self, *parts: bytes, stops: bool = False, goes: bool = False):
        self._messages = iter(self._say(parts, stops, goes))
        self.sent = 0

    @staticmethod
    def _say(parts: tuple[bytes, ...], stops: bool, goes: bool) -> Iterator[dict[str, Any]]:
        for part in parts:
            yield {"type": "http.request", "body": part, "more_body": True}
        if goes:
            yield {"type": "http.disconnect"}
        elif not stops:
            yield {"type": "http.request"}

    async def __call__(self) -> dict[str, Any]:
        for message in self._messages:
            self.sent += len(message.get("body", b""))
            return message
        await asyncio.Event().wait()
        raise AssertionError("it hangs")


async def read(sender: Sender, bodies: Bodies | None = None, **headers: str) -> bytes:
    said = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    return await (bodies or Bodies()).read(said, sender, LIMIT)


async def status(sender: Sender, bodies: Bodies | None = None, **headers: str) -> int:
    with pytest.raises(Refusal) as refused:
        await read(sender, bodies, **headers)
    return refused.value.status


async def test_a_body_may_come_in_pieces_and_without_a_length() -> None:
    assert await read(Sender(b"{", b'"a":1', b"}")) == b'{"a":1}'


@pytest.mark.parametrize("declared", ["", "identity", "gzip", "none of these"])
async def test_gzip_is_known_by_how_it_begins_whatever_is_declared(declared: str) -> None:
    assert await read(Sender(gzip.compress(b"{}")), content_encoding=declared) == b"{}"
    assert await read(Sender(b"{}"), content_encoding=declared) == b"{}"


async def test_a_body_without_end_is_read_no_further_than_is_good_for_the_answer() -> None:
    sender = Sender(*[b"x" * 500] * 1_000)
    assert await status(sender) == 413
    assert sender.sent <= 5 * LIMIT


async def test_what_is_declared_far_too_long_is_not_read_at_all() -> None:
    sender = Sender(b"x")
    assert await status(sender, content_length="1000000") == 413
    assert sender.sent == 0


async def test_a_body_of_just_the_limit_is_taken_and_of_one_byte_more_is_not() -> None:
    assert len(await read(Sender(b"x" * LIMIT))) == LIMIT
    assert await status(Sender(b"x" * LIMIT, b"x")) == 413


async def test_a_bomb_of_gzip_is_refused_without_the_memory_that_it_asks_for() -> None:
    bomb = gzip.compress(b"0" * (64 << 20), 9)
    tracemalloc.start()
    with pytest.raises(Refusal) as refused:
        inflated(bomb, LIMIT)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refused.value.status == 413
    assert most < 1 << 20


async def test_a_body_that_stops_is_refused_after_a_while() -> None:
    assert await status(Sender(b"{", stops=True), Bodies(within_s=0.01)) == 408


async def test_a_client_that_goes_gets_no_answer() -> None:
    with pytest.raises(ClientGone):
        await read(Sender(b"{", goes=True))


async def test_all_bodies_together_hold_no_more_than_they_may() -> None:
    bodies = Bodies(most_held=900)
    slow = asyncio.create_task(read(Sender(b"x" * 500, stops=True), bodies))
    await asyncio.sleep(0)
    assert await status(Sender(b"x" * 500, b""), bodies) == 429
    slow.cancel()
    await asyncio.wait([slow])
    assert len(await read(Sender(b"x" * 500, b""), bodies)) == 500


@given(st.binary(max_size=200), st.integers(0, 30), st.binary(max_size=3))
def test_whatever_gzip_comes_it_is_inflated_within_the_limit_or_refused(raw: bytes, cut: int, more: bytes) -> None:
    body = gzip.compress(raw)
    body = body[: max(len(GZIP), len(body) - cut)] + more  # what does not begin so is not taken for gzip
    try:
        found = inflated(body, 150)
    except Refusal:
        assert len(raw) > 150 or cut or more
    else:
        assert found == raw
