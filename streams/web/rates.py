"""How much may come of one key or one address.

Comes in: who sends how much, and the time. Goes out: how long they are to wait before they may. By the generic cell
rate algorithm (ITU-T I.371, https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm): of each sender one number is
kept, the time up to which what it sent would take at the allowed rate.
"""

import ipaddress
from functools import lru_cache
from math import ceil
from typing import Final

BURST_S: Final = 10  # so many seconds' worth may come at once
MOST_SENDERS: Final = 20_000
# Far more than doubles of seconds go wrong by: whoever waited as long as they were told is not told to wait again.
ROUNDING_S: Final = 1e-7
# Loopback, RFC 1918, RFC 6598 (what carriers and clouds share), link-local, RFC 4193.
_OURS: Final = (
    *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"),
    *("::1", "fe80::/10", "fc00::/7"),
)
OURS: Final = tuple(map(ipaddress.ip_network, _OURS))


class Rate:
    """`per_s` events a second, 0 for any number. No more than `most` senders are remembered, the latest."""

    def __init__(self, per_s: float, most: int = MOST_SENDERS):
        self._per_s = per_s
        self._most = most
        self._until: dict[str, float] = {}

    def wait_s(self, sender: str, events: int, now_s: float) -> int:
        """0 where they may, and are counted; else after how many whole seconds. A burst is never too large by itself.

        >>> rate = Rate(per_s=2)
        >>> rate.wait_s("ann", 20, now_s=0.0), rate.wait_s("ann", 3, now_s=0.0), rate.wait_s("bob", 1, now_s=0.0)
        (0, 2, 0)
        """
        if not self._per_s:
            return 0
        until = max(self._until.pop(sender, now_s), now_s)
        after = until + events / self._per_s
        too_early_s = after - now_s - BURST_S
        allowed = too_early_s <= ROUNDING_S or until <= now_s
        self._until[sender] = after if allowed else until
        if len(self._until) > self._most:
            del self._until[next(iter(self._until))]
        return 0 if allowed else ceil(too_early_s)


@lru_cache(maxsize=4_096)
def sender_at(address: str) -> str | None:
    """Whom a limit holds for: the network of a household for IPv6; nobody on this machine or in a private network.

    >>> sender_at("203.0.113.7"), sender_at("2001:db9:1:2:3::4"), sender_at("10.0.0.7"), sender_at("testclient")
    ('203.0.113.7', '2001:db9:1:2::/64', None, None)
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return None
    mapped = getattr(found, "ipv4_mapped", None) or found
    if any(mapped.version == each.version and mapped in each for each in OURS):
        return None
    return str(mapped) if mapped.version == 4 else str(ipaddress.ip_network((mapped, 64), strict=False))
