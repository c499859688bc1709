"""The same job as one writes it with Faust: an agent a topic, a table with its changelog, the five rules in Python.

    python -m tests.bench.plain_faust KAFKA GROUP PREFIX EVENTS

Prints events a second, from the first event to the last of so many. What it leaves out: times at which nothing
happens, late events, repeats, reasons, exactness after a crash, batches.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import faust
from faust.app.base import BootStrategy

from streams.core.instants import format_time
from streams.testing import instant

DAY_MS = 86_400_000
NEVER = -(10**15)
Profile = dict[str, Any]


class Boot(BootStrategy):
    """No web server, which would cost the rival something."""

    enable_web = False


class PlainFaust(faust.App):
    """`took`: done once it has seen all events, with the seconds from the first to the last."""

    BootStrategy = Boot
    took: asyncio.Future[float]


def new_profile() -> Profile:
    return {"days": {}, "active": 0, "newest": NEVER, "failed": NEVER, "paid": NEVER, "trial_ends": NEVER, "in": []}


def active_days(profile: Profile, at_ms: int, days: int) -> int:
    first = at_ms // DAY_MS - days
    return sum(int(day) > first for day in profile["days"])


def churn_risk(profile: Profile, at_ms: int, member: bool) -> bool:
    idle_ms: int = at_ms - profile["newest"]
    if member:
        return idle_ms >= DAY_MS
    return bool(profile.get("mrr")) and idle_ms >= 7 * DAY_MS and active_days(profile, at_ms, 30) >= 8


def dormant(profile: Profile, at_ms: int, member: bool) -> bool:
    idle_ms: int = at_ms - profile["newest"]
    return profile["active"] > 0 and idle_ms >= (1 if member else 30) * DAY_MS


def payment_trouble(profile: Profile, at_ms: int, _: bool) -> bool:
    failed_ms = profile["failed"]
    has_failed = at_ms - failed_ms < 14 * DAY_MS and profile["paid"] < failed_ms
    return bool(has_failed and profile.get("status") != "canceled")


def power_user(profile: Profile, at_ms: int, member: bool) -> bool:
    return active_days(profile, at_ms, 30) >= (15 if member else 20)


def trial_ending_unengaged(profile: Profile, at_ms: int, _: bool) -> bool:
    left_ms = profile["trial_ends"] - at_ms
    is_ending = profile.get("status") == "trialing" and 0 < left_ms <= 3 * DAY_MS
    return bool(is_ending and active_days(profile, at_ms, 7) <= 2)


RULES: dict[str, Callable[[Profile, int, bool], bool]] = {
    "churn-risk": churn_risk,
    "dormant": dormant,
    "payment-trouble": payment_trouble,
    "power-user": power_user,
    "trial-ending-unengaged": trial_ending_unengaged,
}


def flips(profile: Profile, at_ms: int) -> Iterator[tuple[str, bool]]:
    for name, rule in RULES.items():
        was = name in profile["in"]
        if rule(profile, at_ms, was) != was:
            profile["in"].remove(name) if was else profile["in"].append(name)
            yield name, not was


def fold(profile: Profile, event: Profile, at_ms: int) -> None:
    if event["type"] == "track":
        day = str(at_ms // DAY_MS)
        profile["days"][day] = profile["days"].get(day, 0) + 1
        profile["days"] = {day: n for day, n in profile["days"].items() if int(day) > at_ms // DAY_MS - 30}
        profile["active"] += 1
        profile["newest"] = at_ms
    elif event["type"] == "identify":
        profile |= {name: value for name, value in event["traits"].items() if name in ("plan", "company")}
    else:
        properties = event["properties"]
        profile |= {name: properties[name] for name in ("plan", "mrr", "status") if name in properties}
        if "trial_end" in properties:
            profile["trial_ends"] = instant(properties["trial_end"])
        if event["event"] in ("Payment Failed", "Invoice Paid"):
            profile["failed" if event["event"] == "Payment Failed" else "paid"] = at_ms


def make_app(kafka: str, group: str, prefix: str, count: int) -> PlainFaust:
    app = PlainFaust(
        group, broker=f"kafka://{kafka}", store="memory://", topic_partitions=4, topic_disable_leader=True,
        autodiscover=False, stream_wait_empty=False,
    )  # fmt: skip
    profiles = app.Table("profiles", default=new_profile)
    changes = app.topic(f"{prefix}segment-changes")
    handled: list[float] = []

    async def agent(events: faust.StreamT[Profile]) -> None:
        async for event in events:
            user, at_ms = event["userId"], instant(event["timestamp"])
            profile = profiles[user]
            found = list(flips(profile, at_ms))
            fold(profile, event, at_ms)
            for name, entered in found + list(flips(profile, at_ms)):
                change = {"user_id": user, "segment": name, "entered": entered, "occurred_at": format_time(at_ms)}
                await changes.send(key=user, value=change)
            profiles[user] = profile
            handled.append(time.perf_counter())
            if len(handled) == count:
                app.took.set_result(handled[-1] - handled[0])

    for name in ("product-events", "billing-updates"):
        app.agent(app.topic(prefix + name, key_type=str, key_serializer="raw"), name=name)(agent)
    return app


async def events_a_second(kafka: str, group: str, prefix: str, count: int) -> float:
    app = make_app(kafka, group, prefix, count)
    app.took = asyncio.get_running_loop().create_future()
    await app.start()
    took_s = await app.took
    await app.stop()
    return (count - 1) / took_s


if __name__ == "__main__":
    _, kafka, group, prefix, count = sys.argv
    print(asyncio.run(events_a_second(kafka, group, prefix, int(count))))
