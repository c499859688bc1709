"""`segmenter merge` on real servers: two users are one, once, whatever is killed."""

import json
import re
import time
from collections import Counter
from functools import partial
from typing import Any

import pytest
from click.testing import CliRunner, Result

from streams.cli import main
from streams.core.identities.owners import MOST_IDS
from streams.sources import profile_commands
from streams.testing import Record, identify, to_bytes, track
from tests.e2e.changes import CHANGE, by_user
from tests.e2e.histories import NEWEST_MS
from tests.e2e.pipeline import WITHIN_S, Pipeline, Seen

# Lost, or counted twice, any event would be missed here.
EXACTLY = {"exactly": "enter: count(any) == 12", "known": "enter: count(any) >= 1"}
PAIRS = 40
START_MS = 1_700_000_000_000


def run(pipeline: Pipeline, *arguments: str) -> Result:
    """What waits for a worker may take as long as a busy machine needs."""
    patience = ("--timeout", "2m") if arguments[0] in ("merge", "erase") else ()
    return CliRunner().invoke(main, [*arguments, *patience], env=pipeline.environment)


def seen(user: str, *turns: int) -> list[Record]:
    return [track(user, "Signed In", START_MS + turn, f"{user} {turn}") for turn in turns]


def until_known(pipeline: Pipeline, user: str, aliases: int = 0) -> None:
    """Under so many aliases."""
    deadline = time.monotonic() + WITHIN_S
    while True:
        explained = run(pipeline, "explain", user, "--json")
        if explained.exit_code == 0 and len(json.loads(explained.stdout)["aliases"]) == aliases:
            return
        assert time.monotonic() < deadline, explained.output


def has_more_than(least: int, seen: list[Seen]) -> bool:
    return len(seen) > least


def told_of(changes: list[Seen], user: str) -> list[dict[str, Any]]:
    return [one.json for one in changes if one.json["user_id"] == user]


@pytest.mark.parametrize("kills", [0, 3])
def test_all_that_two_users_did_counts_once_for_one_though_workers_are_killed(pipeline: Pipeline, kills: int) -> None:
    pipeline.use(EXACTLY)
    pairs = [(f"old-{n}", f"new-{n}") for n in range(PAIRS)]
    pipeline.publish([record for pair in pairs for user in pair for record in seen(user, *range(5))])
    merges = [profile_commands.merge(gone, into, START_MS + 50, f"merge {gone}") for gone, into in pairs]
    pipeline.publish_raw(("profile-commands", each.subject, profile_commands.encode(each)) for each in merges)
    pipeline.publish([record for pair in pairs for user in pair for record in seen(user, 90)])
    for kill in range(kills):
        with pipeline.worker() as worker:
            pipeline.read("rerouted-events", partial(has_more_than, 40 * kill))
            worker.kill()
    entered = {f"new-{n}" for n in range(PAIRS)}
    with pipeline.worker(), pipeline.worker():
        changes = pipeline.read(
            "segment-changes",
            lambda seen: {each.json["user_id"] for each in seen if each.json["segment"] == "exactly"} == entered,
        )
        memberships = pipeline.read(
            "segment-memberships", lambda seen: len({each.key for each in seen if each.value is None}) == PAIRS
        )
    assert {each.key for each in memberships if each.value is None} == {gone.encode() for gone, _ in pairs}
    found = by_user([each.json for each in changes])
    for user in entered:
        assert [change["segment"] for change in found[user]] == ["known", "exactly"]
    for gone, into in pairs:
        [_, left] = found[gone]
        assert (left["type"], left["cause"], left["merged_into"]) == ("segment.exited", "merge", into)
        assert left["event_id"] == f"merge {gone}"


def test_a_merge_is_done_when_the_command_ends_and_what_cannot_be_is_told(pipeline: Pipeline) -> None:
    pipeline.use({"twice": "enter: count(any) >= 2", "known": 'enter: plan == "pro"'})
    pipeline.publish([identify("u-1", NEWEST_MS, "m-1", plan="pro"), track("u-1", "Signed In", NEWEST_MS, "m-2")])
    pipeline.publish([track("ann", "Signed In", NEWEST_MS, "m-3"), track("cy", "Signed In", NEWEST_MS, "m-4")])
    with pipeline.worker() as worker:
        for user in ("u-1", "ann", "cy"):
            until_known(pipeline, user)
        done = run(pipeline, "merge", "u-1", "--into", "ann")
        assert done.output == "u-1 is ann from now on.\n"
        again = run(pipeline, "merge", "u-1", "--into", "ann")
        assert again.output == "u-1 is ann from now on.\n"
        pipeline.publish([track("u-1", "Signed In", NEWEST_MS + 1, "m-5"), track("u-1", "Signed In", NEWEST_MS, "m-2")])
        changes = pipeline.read("segment-changes", lambda seen: len(seen) >= 4)
        assert [(each["type"], each["segment"], each["cause"]) for each in told_of(changes, "ann")] == [
            ("segment.entered", "known", "merge"),
            ("segment.entered", "twice", "merge"),
        ]
        assert all(each["live"] for each in told_of(changes, "ann"))
        [_, left] = told_of(changes, "u-1")
        CHANGE.validate(left)
        assert (left["live"], left["merged_into"]) == (False, "ann")
        followed = run(pipeline, "merge", "cy", "--into", "u-1")
        assert followed.output == "cy is ann from now on.\n"
        explained = json.loads(run(pipeline, "explain", "ann", "--json").stdout)
        assert {(each["alias"], each["how"]) for each in explained["aliases"]} == {("u-1", "merge"), ("cy", "merge")}
        asked = run(pipeline, "explain", "u-1")
        assert asked.exit_code == 1
        assert "u-1 was merged into ann" in asked.output
        cannot = [
            ("ann", "u-1", "the two are one user already, ann."),
            ("nobody", "ann", "Nobody called nobody is known"),
            ("ann", "stranger", "Nobody called stranger is known"),
            ("cy", "stranger", "segmenter merge ann --into stranger"),
            ("dora", "full", "full has 100 ids beside the user id, and there would be 1 more."),
        ]
        devices = [f"a-{n}" for n in range(MOST_IDS)]
        full = [track("full", "Signed In", NEWEST_MS, device) | {"anonymousId": device} for device in devices]
        pipeline.publish([track("dora", "Signed In", NEWEST_MS, "m-6"), *full])
        until_known(pipeline, "dora")
        until_known(pipeline, "full", aliases=MOST_IDS)
        for gone, into, why in cannot:
            refused = run(pipeline, "merge", gone, "--into", into)
            assert refused.exit_code == 1, refused.output
            assert refused.output.startswith(f"Error: {gone} was not merged: ")
            assert why in refused.output
        # Whoever does not look before is told by dead letters, and is told of nothing else: the command sent nothing.
        orders = [(gone, into) for gone, into, _ in cannot] + [("ann", "ann")]
        values = [(gone, {"type": "merge", "userId": gone, "into": into, "messageId": into}) for gone, into in orders]
        pipeline.publish_raw(("profile-commands", gone, to_bytes(value)) for gone, value in values)
        letters = pipeline.read("dead-letters", lambda seen: len(seen) >= 6)
        erased = run(pipeline, "erase", "u-1")
        assert erased.exit_code == 0
        pipeline.read("segment-memberships", lambda seen: any((o.key, o.value) == (b"ann", None) for o in seen))
        assert worker.stop() == 0
    assert Counter(one.headers["reason_code"] for one in letters) == {
        b"merge_circle": 2,
        b"merge_unknown": 2,
        b"merge_again": 1,
        b"merge_too_many": 1,
    }
    assert not re.search("Traceback", worker.said())


def visits(visitor: str, *turns: int) -> list[Record]:
    """Of somebody who has not said who that is."""
    found = [track(None, "Page Viewed", START_MS + turn, f"{visitor} {turn}") for turn in turns]
    return [record | {"anonymousId": visitor} for record in found]


def test_a_state_that_is_lost_with_links_and_merges_in_it_is_made_anew_as_it_was(pipeline: Pipeline) -> None:
    """Of each pair one was there anonymously first, and what still bears who is gone comes after; half of the merges
    are stamped before anybody was there."""
    pipeline.use(EXACTLY)
    pairs = [(f"old-{n}", f"new-{n}") for n in range(PAIRS)]
    stays = {into for _, into in pairs}
    anonymous = [(f"visitor-{n}", record) for n in range(PAIRS) for record in visits(f"visitor-{n}", *range(3))]
    signed_in = [seen(gone, 10)[0] | {"anonymousId": f"visitor-{n}"} for n, (gone, _) in enumerate(pairs)]
    pipeline.publish_raw(("product-events", visitor, to_bytes(record)) for visitor, record in anonymous)
    pipeline.publish([*signed_in, *(record for _, into in pairs for record in seen(into, *range(11, 16)))])
    with pipeline.worker() as worker:
        pipeline.read("segment-changes", lambda told: {gone for gone, _ in pairs} | stays == users_of(told))
        at = [START_MS - 50 if n % 2 else START_MS + 50 for n in range(PAIRS)]
        merges = [profile_commands.merge(*pair, ts, f"merge {pair[0]}") for pair, ts in zip(pairs, at, strict=True)]
        pipeline.publish_raw(("profile-commands", each.subject, profile_commands.encode(each)) for each in merges)
        pipeline.read(
            "segment-memberships", lambda told: len({each.key for each in told if each.value is None}) == PAIRS
        )
        late = [("product-events", visitor, to_bytes(visits(visitor, 90)[0])) for visitor in dict(anonymous)]
        pipeline.publish_raw(late)
        pipeline.publish([record for gone, _ in pairs for record in seen(gone, 91, 92)])
        # Who is known, who is so no more as somebody else is, and all that the two of them did.
        changes = pipeline.read("segment-changes", lambda told: len(told) >= 4 * PAIRS)
        assert users_of(changes, "exactly") == stays
        before = {user: ids_of(pipeline, user) for user in stays}
        assert worker.stop() == 0
    pipeline.lose_state()
    with pipeline.worker() as worker:
        worker.says("is made anew", times=4)
        assert {user: ids_of(pipeline, user) for user in stays} == before
        members = run(pipeline, "members", "exactly", "--json").stdout.splitlines()
        assert {json.loads(line)["user_id"] for line in members} == stays
        # What follows is told after all that a rebuild might have told again.
        pipeline.publish([record for into in stays for record in seen(into, 99)])
        after = pipeline.read("segment-changes", lambda told: len(told) >= len(changes) + PAIRS)
        assert worker.stop() == 0
    ids = {one.json["id"] for one in changes}
    new = [one for one in after if one.json["id"] not in ids]
    assert len({one.json["id"] for one in after}) == len(after), "something was told again"
    assert {(one.json["type"], one.json["user_id"]) for one in new} == {("segment.exited", into) for into in stays}


def users_of(told: list[Seen], segment: str = "known") -> set[str]:
    """Of whom something was told, of a segment."""
    return {one.json["user_id"] for one in told if one.json["segment"] == segment}


def ids_of(pipeline: Pipeline, user: str) -> set[tuple[str, str, bool]]:
    explained = json.loads(run(pipeline, "explain", user, "--json").stdout)
    return {(each["alias"], each["how"], each["is_hers"]) for each in explained["aliases"]}
