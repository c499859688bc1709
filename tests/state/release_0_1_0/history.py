"""What happened, day by day, before release 0.1.0 wrote the state of this folder, and after. Imports nothing of ours.

Comes in: days. Goes out: records as producers send them, the same at every call. README.md says who uses it.
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

DAY_MS = 86_400_000
BEGIN_MS = 1_777_593_600_000  # 2026-05-01
USERS = [f"u-{place}" for place in range(28)] + ["ü-28", "a{b}:c"]
ERASED_AND_BACK, ERASED_LATE, ERASED_TOO = "u-3", "u-6", "u-9"
QUIET_AT_LAST = (ERASED_AND_BACK, ERASED_LATE)
DAYS = 40  # that the state holds
MORE_DAYS = 20  # that come after


class Sent(NamedTuple):
    """kind: product, billing or erase. ts: event time in ms."""

    kind: str
    user: str
    ts: int
    value: bytes


def start_of(day: int) -> int:
    return BEGIN_MS + day * DAY_MS


def of_day(day: int) -> list[Sent]:
    """In the order of time."""
    return sorted(_of_day(day), key=lambda sent: sent.ts)


def _of_day(day: int) -> Iterator[Sent]:
    if day == 21:
        yield _sent("erase", ERASED_AND_BACK, day, 720, type="erase")
    if day == DAYS - 2:
        yield _sent("erase", ERASED_LATE, day, 720, type="erase")
        yield _sent("erase", ERASED_TOO, day, 720, type="erase")
    for place, user in enumerate(USERS):
        yield from _by_user(place, user, day)


def _by_user(place: int, user: str, day: int) -> Iterator[Sent]:
    first = place % 7
    if day < first:
        return
    if day == first:
        company = {"name": f"Company {place % 5}", "size": place}
        traits = {"plan": "free", "company": company, "tags": ["a", place], "vip": place % 4 == 0}
        yield _sent("product", user, day, 60, type="identify", traits=traits)
    if place % 3 == 0:
        yield from _billing(place, user, day - first)
    rhythm = 1 + place % 5 + (day // 15 * place) % 4
    is_away = 32 <= day < 46 and place % 5 in (0, 3)
    if (day + place) % rhythm or is_away or (user in QUIET_AT_LAST and day > 30):
        return
    for turn in range(1 + (place + day) % 4):
        minute = 61 + 7 * place + 90 * turn
        yield _sent("product", user, day, minute, type="track", event="Signed In")
        if (place + turn) % 2:
            title = "Grün" if (place + day) % 9 == 0 else "Plain"
            properties = {"template": f"t{(place * day + turn) % 6}", "pages": (place * 5 + day) % 40, "title": title}
            yield _sent("product", user, day, minute + 1, type="track", event="Report Created", properties=properties)


def _billing(place: int, user: str, day: int) -> Iterator[Sent]:
    subscription = f"sub-{place}"
    if day == 1:
        ends = start_of(day + 14) / 1000
        yield _sent("billing", user, day, 90, event="Trial Started", properties={"plan": "team", "trial_end": ends})
    if day == 5:
        properties: dict[str, Any] = {"subscription_id": subscription, "plan": "team", "mrr": 20 + place * 2.5}
        yield _sent("billing", user, day, 95, event="Subscription Started", properties=properties)
    if day == 18 and place % 2:
        properties = {"subscription_id": subscription, "mrr": 99.99}
        yield _sent("billing", user, day, 95, event="Subscription Updated", properties=properties)
    if day == 30 and place % 4 == 0:
        properties = {"subscription_id": subscription}
        yield _sent("billing", user, day, 95, event="Subscription Cancelled", properties=properties)


def _sent(kind: str, user: str, day: int, minute: int, **body: Any) -> Sent:
    ts = start_of(day) + minute * 60_000
    body = {"messageId": f"{kind}-{user}-{ts}", "userId": user, "timestamp": ts} | body
    if kind == "billing":
        body["type"] = "billing"
    return Sent(kind, user, ts, json.dumps(body, ensure_ascii=False).encode())
