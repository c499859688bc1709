"""Whose address counts, directly and behind proxies: what anybody can write is no way around a limit, and nobody waits
for what others did."""

from itertools import count
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from streams.errors import UsageError
from streams.settings import Settings
from streams.web import access
from streams.web.access import Access
from streams.web.answers import JsonAnswer
from streams.web.proxies import BehindProxies
from streams.web.refusal import Refusal
from tests.web.collect.collecting import Collector

TRACK = {"userId": "ann", "event": "Signed In", "timestamp": "2026-03-01T09:00:00Z", "messageId": "1"}
ANN, BOB, EVIL = "203.0.113.7", "198.51.100.9", "192.0.2.66"
PROXY, CDN = "10.0.0.1", "10.0.0.2"


async def tell(scope: Scope, receive: Receive, send: Send) -> None:
    """Whose request it is taken for, and by which scheme."""
    await JsonAnswer([scope["client"][0], scope["scheme"]])(scope, receive, send)


async def told(peer: str, proxies: str, *headers: tuple[str, str]) -> Any:
    settings = Settings.from_environment({"SEGMENTER_WEB_PROXIES": proxies})
    transport = ASGITransport(BehindProxies(tell, settings), client=(peer, 1))
    async with AsyncClient(transport=transport, base_url="http://here") as client:
        return (await client.get("/", headers=list(headers))).json()


def forwarded(*lines: str) -> list[tuple[str, str]]:
    return [("X-Forwarded-For", line) for line in lines]


@pytest.mark.parametrize(
    ("peer", "lines", "whose"),
    [
        (ANN, (), ANN),
        (EVIL, (ANN,), EVIL),
        (EVIL, (f"{ANN}, {PROXY}",), EVIL),
        (PROXY, (ANN,), ANN),
        (PROXY, (f"{ANN}, {CDN}",), ANN),
        (PROXY, (f"{ANN}, {EVIL}",), EVIL),
        (PROXY, (f"{PROXY}, {EVIL}, {CDN}",), EVIL),
        (PROXY, (ANN, EVIL), EVIL),
        (PROXY, (EVIL, CDN), EVIL),
        (PROXY, (), PROXY),
        (PROXY, ("",), PROXY),
        (PROXY, (f"{CDN}, {PROXY}",), CDN),
        (PROXY, (f"{ANN}:50123",), ANN),
        (PROXY, ("2001:db8::7",), "2001:db8::7"),
        (PROXY, ("[2001:db8::7]:50123",), "2001:db8::7"),
        ("fd00::1", (f"{EVIL}, 2001:db8::7",), "2001:db8::7"),
        ("2001:db8::66", (ANN,), "2001:db8::66"),
    ],
    ids=[
        *("direct", "forged by who connects", "forged with a proxy's address", "behind the proxy", "behind two"),
        *("forged before the proxy adds to it", "forged between proxies", "forged in a line of its own"),
        *("two lines of two proxies", "a proxy that says nothing", "a proxy that says an empty line", "a proxy's own"),
        *("with a port", "IPv6", "IPv6 with a port", "a proxy by IPv6", "forged by IPv6"),
    ],
)
async def test_an_address_counts_that_a_trusted_proxy_saw_itself(peer: str, lines: tuple[str, ...], whose: str) -> None:
    found, _ = await told(peer, "10.0.0.0/8, fd00::/8", *forwarded(*lines))
    assert found == whose


async def test_a_scheme_counts_that_a_trusted_proxy_says() -> None:
    said = ("X-Forwarded-Proto", "https")
    assert await told(PROXY, "10.0.0.0/8", said) == [PROXY, "https"]
    assert await told(EVIL, "10.0.0.0/8", said) == [EVIL, "http"]


async def test_where_whoever_connects_is_trusted_the_first_address_counts() -> None:
    assert (await told(PROXY, "*", *forwarded(f"{ANN}, {EVIL}")))[0] == ANN


@pytest.mark.parametrize("proxies", ["10.0.0.1/8", "nginx", "10.0.0.0/33", "10.0.0.1, *"])
def test_a_proxy_that_could_never_be_trusted_is_an_error(proxies: str) -> None:
    with pytest.raises(UsageError, match="SEGMENTER_WEB_PROXIES.*no address or network such as"):
        Settings.from_environment({"SEGMENTER_WEB_PROXIES": proxies})


def collector_at(peer: str) -> Collector:
    """One that takes a single event of an address, and the next after a quarter of an hour."""
    return Collector(peer, collect_per_address="0.001", web_proxies=PROXY)


async def statuses(collector: Collector, *lines: str) -> list[int]:
    """Of one event for each."""
    return [(await collector.post("/v1/track", json=TRACK, headers=forwarded(line))).status_code for line in lines]


async def test_behind_a_proxy_each_client_has_a_limit_of_its_own() -> None:
    assert await statuses(collector_at(PROXY), ANN, ANN, BOB, BOB, ANN) == [200, 429, 200, 429, 429]


@pytest.mark.parametrize(("peer", "behind"), [(EVIL, ""), (PROXY, f", {EVIL}")], ids=["directly", "behind the proxy"])
async def test_another_forged_address_each_time_is_no_way_around_the_limit(peer: str, behind: str) -> None:
    forged = [f"203.0.113.{number}{behind}" for number in range(3)]
    assert await statuses(collector_at(peer), *forged) == [200, 429, 429]


async def test_another_address_of_ones_own_ipv6_network_each_time_is_none_either() -> None:
    same = [f"2a00:1:2:3::{number}" for number in range(3)]
    assert await statuses(collector_at(PROXY), *same, "2a00:1:2:4::1") == [200, 429, 429, 200]


async def test_who_guesses_tokens_is_held_up_by_their_address_and_not_by_the_proxys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(access, "FAILURES_PER_S", 0.001)
    settings = Settings.from_environment(
        {"SEGMENTER_WEB_TOKEN": "a token of those who read", "SEGMENTER_WEB_PROXIES": PROXY}
    )
    door, tried = Access(settings), count()

    async def guess(scope: Scope, receive: Receive, send: Send) -> None:
        with pytest.raises(Refusal) as refused:
            door.sign_in(Request(scope), f"guess {next(tried)}")
        await JsonAnswer(refused.value.code)(scope, receive, send)

    async with AsyncClient(
        transport=ASGITransport(BehindProxies(guess, settings), client=(PROXY, 1)), base_url="http://localhost"
    ) as client:
        evil = [(await client.get("/", headers=forwarded(f"203.0.113.{n}, {EVIL}"))).json() for n in range(3)]
        assert evil == ["bad_token", "too_many_attempts", "too_many_attempts"]
        assert (await client.get("/", headers=forwarded(ANN))).json() == "bad_token"
