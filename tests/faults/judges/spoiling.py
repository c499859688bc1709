"""Ways to spoil what a healthy group tells: each takes what is told, and gives what is told instead of it, by field."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from streams.core.rules.rulebook import Edges
from tests.e2e.pipeline import Seen
from tests.faults.told import Told

Spoil = Callable[[Told], Mapping[str, Any]]
"""What is told, to what is told instead of it, by field."""
Which = Callable[[Mapping[str, Any]], object]


def place(some: Sequence[Seen], which: Which) -> int:
    return next(at for at, one in enumerate(some) if one.value is not None and which(one.json))


def last_place(some: Sequence[Seen], which: Which) -> int:
    return len(some) - 1 - place(some[::-1], which)


def without(some: Sequence[Any], at: int) -> list[Any]:
    return [*some[:at], *some[at + 1 :]]


def but(some: Sequence[Seen], at: int, **other: Any) -> list[Seen]:
    """One of them says something else."""
    return [*some[:at], saying(some[at], **other), *some[at + 1 :]]


def saying(one: Seen, **other: Any) -> Seen:
    said = one.json | other
    headers = one.headers | ({"ce_id": said["id"].encode()} if "id" in said else {})
    return one._replace(value=json.dumps(said).encode(), headers=headers)


def of(rule: str, sort: str = "", cause: str = "") -> Which:
    return lambda change: change["rule"] == rule and change["user_id"].startswith(sort) and cause in change["cause"]


EXACT: Final = of("exporter", "clicks")
LEFT: Final = of("exporter", "gone", "merge")


def drop(field: str, which: Which, *, last: bool = False) -> Spoil:
    find = last_place if last else place
    return lambda told: {field: without(getattr(told, field), find(getattr(told, field), which))}


def say(field: str, which: Which, **other: Any) -> Spoil:
    return lambda told: {field: but(getattr(told, field), place(getattr(told, field), which), **other)}


def again(field: str, which: Which, **other: Any) -> Spoil:
    """One comes once more, at the end, and says something else."""

    def spoil(told: Told) -> Mapping[str, Any]:
        some = getattr(told, field)
        return {field: [*some, saying(some[place(some, which)], **other)]}

    return spoil


def swapped(some: Sequence[Any], one: int, other: int) -> list[Any]:
    found = list(some)
    found[one], found[other] = found[other], found[one]
    return found


def two_of_one(some: Sequence[Mapping[str, Any]], which: Which) -> tuple[int, int]:
    """The places of the first two of some user."""
    first: dict[str, int] = {}
    for at, change in enumerate(some):
        if which(change):
            if change["user_id"] in first:
                return first[change["user_id"]], at
            first[change["user_id"]] = at
    raise LookupError("nobody has two")


def turned_around(told: Told) -> Mapping[str, Any]:
    """Two changes of one user in the other order."""
    return {"changes": swapped(told.changes, *two_of_one([one.json for one in told.changes], EXACT))}


def with_a_gap(which: Which) -> Spoil:
    """The first of two changes of one user is lost."""
    return lambda told: {"changes": without(told.changes, two_of_one([one.json for one in told.changes], which)[0])}


def webhooks_turned_around(told: Told) -> Mapping[str, Any]:
    of_payers = two_of_one([one.change for one in told.webhooks], lambda change: change["rule"] == "payer")
    return {"webhooks": swapped(told.webhooks, *of_payers)}


def some_user(told: Told, sort: str, segment: str = "") -> str:
    return next(user for user, held in told.held.items() if user.startswith(sort) and (not segment or segment in held))


def held_elsewhere(told: Told) -> Mapping[str, Any]:
    user = some_user(told, "clicks", "reporter")
    return {"held": {**told.held, user: told.held[user] - {"reporter"}}}


def one_member_more(segment: str) -> Spoil:
    return lambda told: {"sizes": dict(told.sizes) | {segment: told.sizes.get(segment, 0) + 1}}


def other_edges(shard: int) -> Spoil:
    """One shard has others, by which somebody is elsewhere: of shard 0, where all are at home."""

    def spoil(told: Told) -> Mapping[str, Any]:
        edges = told.edges[shard]
        others = msgspec.structs.replace(edges, edges=Edges(edges.edges.r, (0.0, 0.0, 0.0, 0.0), edges.edges.m))
        return {"edges": {**told.edges, shard: others}}

    return spoil


def known_membership(told: Told) -> Seen:
    """Of somebody who clicks and is in some segment, the newest."""
    return told.memberships[last_place(told.memberships, lambda one: "clicks" in one["user_id"] and one["segments"])]


def one_membership_more(by: int, **other: Any) -> Spoil:
    """by: how much newer it is than the newest of the same user."""

    def spoil(told: Told) -> Mapping[str, Any]:
        newest = known_membership(told)
        return {"memberships": [*told.memberships, saying(newest, version=newest.json["version"] + by, **other)]}

    return spoil


def no_tombstone(told: Told) -> Mapping[str, Any]:
    return {"memberships": [one for one in told.memberships if one.value is not None]}


def more(field: str, one: Any) -> Spoil:
    return lambda told: {field: [*getattr(told, field), one]}


def feed_of(sort: str, feed: set[str]) -> Spoil:
    return lambda told: {"feeds": {**told.feeds, next(user for user in told.feeds if user.startswith(sort)): feed}}


def webhook_again(told: Told) -> Mapping[str, Any]:
    webhook = told.webhooks[0]
    return {"webhooks": [*told.webhooks, webhook._replace(body=webhook.body.replace(b"segment", b"another"))]}


def without_survivor(one: Seen) -> Seen:
    """A merge that does not say into whom."""
    return one._replace(value=json.dumps({n: v for n, v in one.json.items() if n != "merged_into"}).encode())
