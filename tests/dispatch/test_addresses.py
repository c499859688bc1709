"""Where webhooks may not go: what is not public, by whatever name."""

from typing import Any

import pytest

from streams.delivery.webhook import Endpoint
from streams.dispatch import posting
from streams.dispatch.addresses import PublicResolver
from tests.dispatch.endpoint import LOCAL, Receiver, poster


async def post(url: str, private: list[str]) -> posting.Posted:
    async with poster(private) as found:
        return await found.post(Endpoint("crm", url), "id", b"{}", [b"k" * 32])


async def test_redirects_are_not_followed(receiver: Receiver) -> None:
    receiver.answer = lambda got: (302, {"Location": receiver.url + "elsewhere"})
    posted = await post(receiver.url, LOCAL)
    assert (posted.status, posted.is_done, len(receiver.got)) == (302, False, 1)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"])
async def test_a_private_address_is_refused_by_whatever_name(receiver: Receiver, host: str) -> None:
    port = receiver.url.split(":")[2]
    for scheme in ("http", "https"):
        posted = await post(f"{scheme}://{host}:{port}", [])
        assert posted.status is None
        assert "is a private address" in posted.said
    assert not receiver.got


async def test_a_name_that_means_something_else_a_moment_later_is_refused_by_what_is_connected_to(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def rebound(self: object, host: str, port: int, family: Any) -> list[dict[str, Any]]:
        return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": family, "proto": 0, "flags": 0}]

    monkeypatch.setattr("aiohttp.resolver.ThreadedResolver.resolve", rebound)
    posted = await post(f"https://public.example:{receiver.url.split(':')[2]}", [])
    assert "is a private address" in posted.said
    assert not receiver.got


@pytest.mark.parametrize(
    ("address", "is_allowed"),
    [
        ("8.8.8.8", True),
        ("2606:4700:4700::1111", True),
        ("10.0.0.1", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("2002:a00:1::", False),
        ("10.9.0.1", True),
    ],
)
async def test_only_public_addresses_are_connected_to_and_what_the_operator_allows(
    address: str, is_allowed: bool
) -> None:
    assert PublicResolver(["10.9.0.0/16"], only_private=False).allows(address) is is_allowed
    assert PublicResolver(["10.9.0.0/16"], only_private=True).allows(address) is (address == "10.9.0.1")


async def test_whoever_does_not_answer_is_left_after_a_while(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "WITHIN_S", 0.2)
    receiver.answer = lambda _: None
    assert (await post(receiver.url, LOCAL)).said == "no answer within 0.2 s"


async def test_whoever_is_not_there_is_told_in_words() -> None:
    assert (await post("http://127.0.0.1:1", LOCAL)).said.startswith("it cannot be reached: ")
