"""To which addresses a webhook may go: none that only we can reach, unless the operator says so.

Comes in: the networks that are allowed. Goes out: a resolver for aiohttp that gives allowed addresses alone, so that it
is the address that is connected to which decides, whatever a name means a moment later.
"""

import ipaddress
import socket
from collections.abc import Iterable, Sequence
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address


class Refused(OSError):
    """The address is none that a webhook may go to."""

    def __init__(self, host: str) -> None:
        super().__init__(f"{host} is a private address: SEGMENTER_WEBHOOK_PRIVATE would have to allow its network")


class PublicResolver(AbstractResolver):
    """private: networks that are allowed. only_private: whether no other is, as by plain http."""

    def __init__(self, private: Iterable[str], only_private: bool):
        self._private, self._only_private = list(map(ipaddress.ip_network, private)), only_private
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        allowed = [each for each in found if self.allows(each["host"])]
        if not allowed:
            raise Refused(host)
        return allowed

    def allows(self, address: str) -> bool:
        ip = ipaddress.ip_address(address.partition("%")[0])
        return self._is_private(ip) or (not self._only_private and all(map(_is_public, (ip, *_within(ip)))))

    def _is_private(self, ip: Address) -> bool:
        return any(ip in network for network in self._private)

    async def close(self) -> None:
        await self._resolver.close()


def _is_public(ip: Address) -> bool:
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _within(ip: Address) -> Sequence[Address]:
    """The IPv4 address that one of IPv6 stands for."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ()
    if ip.ipv4_mapped is not None:
        return (ip.ipv4_mapped,)
    if ip in NAT64:
        return (ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF),)
    return (ip.sixtofour,) if ip.sixtofour is not None else ()
