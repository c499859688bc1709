"""What a checkpoint holds of the changes since the one before."""

import json
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from streams.core.batch import Batch
from streams.core.changes import Change
from streams.core.engine.erasure import Erasure, mark_of
from streams.core.engine.shard import Shard
from streams.core.identities.identities import Identities
from streams.core.language.parser import parse_condition
from streams.core.rules.nodes import Always
from streams.core.rules.rulebook import Level, Rulebook, Tier
from streams.outputs.change import decode_change
from streams.outputs.membership import decode_membership
from streams.outputs.messages import Outputs
from streams.outputs.timeline import decode_entry
from streams.runtime.checkpoints.checkpoint import Snapshot
from streams.runtime.checkpoints.pending import Kept, Pending
from streams.settings import Settings
from streams.state.codec import writes_of
from streams.state.collection import Collection
from streams.state.format import COUNTED, FLOWS, MARKS, MEMBERS, MEMBERSHIPS, MOVES, ROWS, SHADOW_MEMBERS, TIMELINE
from streams.state.store import Checkpoint
from streams.testing import Record, decoded, identify, instant, track
from tests.rulebooks import rulebook
from tests.runtime.checkpoints.published_topics import OURS, Topics, membership
from tests.state.changes import changed

NOON = instant("2026-03-01 12:00")
RULES = rulebook(often='count("Signed In", days=7) >= 2')


@pytest.fixture
def shard() -> Shard:
    return Shard(RULES)


@pytest.fixture
def pending() -> Pending:
    return Pending(Outputs(Settings(group="ours")))


def step(shard: Shard, *records: Record) -> list[Change]:
    batch: Batch = decoded(RULES, records)
    return shard.step(batch)


def snapshot(pending: Pending, shard: Shard, number: int = 1) -> Snapshot:
    return pending.snapshot(shard, Identities.empty(shard, 0), number, {"product-events": 5}, [])


def put(checkpoint: Checkpoint, collection: Collection[Any, Any]) -> list[tuple[Any, Any]]:
    return [pair for write in writes_of(checkpoint) if write.collection == collection for pair in write.put]


def dropped(checkpoint: Checkpoint, collection: Collection[Any, Any]) -> list[Any]:
    return [each for write in writes_of(checkpoint) if write.collection == collection for each in write.drop]


def test_a_user_who_entered_is_in_the_outbox_the_read_model_and_the_memberships(shard: Shard, pending: Pending) -> None:
    pending.add(step(shard, *[track("ann", "Signed In", NOON, f"m-{n}") for n in range(2)]), NOON + 1)
    checkpoint, _, memberships = snapshot(pending, shard, number=7)
    (change,) = checkpoint.outbox
    assert (change.topic, change.key) == ("segment-changes", b"ann")
    assert dict(change.headers)["ce_source"] == b"/segmenter/ours"
    assert put(checkpoint, MEMBERS) == [("often", "ann")]
    assert dropped(checkpoint, MEMBERS) == []
    segments = {"often": {"since": "2026-03-01T12:00:00.000Z", "ordinal": 1}}
    ((user, read_model),) = put(checkpoint, MEMBERSHIPS)
    assert (user, json.loads(read_model or b"")) == ("ann", segments)
    (where,) = memberships
    assert (where.topic, where.key) == ("segment-memberships", b"ann")
    assert json.loads(where.value or b"") == {
        "schema": 1,
        "kind": "user",
        "user_id": "ann",
        "segments": segments,
        "updated_at": "2026-03-01T12:00:00.000Z",
        "version": 7,
    }
    assert [user for user, _ in put(checkpoint, ROWS)] == ["ann"]


def test_a_user_who_entered_and_left_since_has_left_and_both_are_told(shard: Shard, pending: Pending) -> None:
    pending.add(step(shard, *[track("ann", "Signed In", NOON, f"m-{n}") for n in range(2)]), NOON)
    pending.add(shard.tick(NOON + 8 * 86_400_000), NOON)
    checkpoint, _, memberships = snapshot(pending, shard)
    assert [json.loads(message.value or b"")["type"] for message in checkpoint.outbox] == [
        "segment.entered",
        "segment.exited",
    ]
    assert (put(checkpoint, MEMBERS), dropped(checkpoint, MEMBERS)) == ([], [("often", "ann")])
    assert (put(checkpoint, MEMBERSHIPS), dropped(checkpoint, MEMBERSHIPS)) == ([], ["ann"])
    assert [json.loads(message.value or b"")["segments"] for message in memberships] == [{}]


def test_who_is_in_a_segment_in_shadow_is_kept_apart_and_nobody_is_told(pending: Pending) -> None:
    rules = Rulebook(tuple(replace(rule, is_shadow=True) for rule in RULES.rules))
    shard = Shard(rules)
    pending.add(shard.step(decoded(rules, [track("ann", "Signed In", NOON, f"m-{n}") for n in range(2)])), NOON)
    checkpoint, _, memberships = snapshot(pending, shard)
    assert (checkpoint.outbox, memberships) == ([], [])
    assert put(checkpoint, SHADOW_MEMBERS) == [("often", "ann")]
    assert (put(checkpoint, MEMBERS), put(checkpoint, MEMBERSHIPS)) == ([], [])
    pending.add(shard.tick(NOON + 8 * 86_400_000), NOON)
    assert dropped(snapshot(pending, shard, 2)[0], SHADOW_MEMBERS) == [("often", "ann")]


def test_where_somebody_stands_since_another_time_is_told_without_a_change_and_outlasts_a_crash(
    shard: Shard, pending: Pending
) -> None:
    step(shard, *[track("ann", "Signed In", NOON, f"m-{n}") for n in range(2)])
    pending.retell({"ann": NOON + 5})
    checkpoint, _, memberships = snapshot(pending, shard)
    assert memberships == []
    (told,) = checkpoint.outbox
    assert (told.topic, told.key) == ("segment-memberships", b"ann")
    assert json.loads(told.value or b"")["updated_at"] == "2026-03-01T12:00:00.005Z"
    assert [user for user, _ in put(checkpoint, MEMBERSHIPS)] == ["ann"]


def test_who_changes_level_leaves_one_set_for_another_and_is_in_the_new_one_by_its_name() -> None:
    levels = (Level("new", parse_condition("tenure_days < 2")), Level("active", Always(True)))
    rules = Rulebook((Tier("life", levels),))
    shard, pending = Shard(rules), Pending(Outputs(Settings(group="ours")))
    pending.add(shard.step(decoded(rules, [track("ann", "Signed In", NOON)])), NOON)
    assert put(snapshot(pending, shard).checkpoint, MEMBERS) == [("life/new", "ann")]
    pending.add(shard.tick(NOON + 2 * 86_400_000), NOON)
    checkpoint, _, memberships = snapshot(pending, shard)
    assert (put(checkpoint, MEMBERS), dropped(checkpoint, MEMBERS)) == ([("life/active", "ann")], [("life/new", "ann")])
    assert dict(checkpoint.outbox[0].headers)["ce_segment"] == b"life/active"
    assert json.loads(memberships[0].value or b"")["segments"] == {
        "life/active": {"since": "2026-03-03T12:00:00.000Z", "ordinal": 2}
    }


async def test_a_state_that_is_made_anew_takes_away_only_what_stands_there(shard: Shard) -> None:
    outputs = Outputs(Settings(group="ours"))
    said = outputs.memberships("ann", b"{}", "2026-03-01T12:00:00.000Z", 1)
    pending = Pending(outputs, await Topics([], [said]).read())
    shard.erase([Erasure(user, NOON + 1, "m") for user in ("ann", "bob")])
    assert [message.key for message in snapshot(pending, shard).checkpoint.outbox] == [b"ann"]


async def test_who_is_told_of_once_more_while_a_state_is_made_anew_gets_another_tombstone(shard: Shard) -> None:
    """She was erased: of her stands a tombstone, until the checkpoints of before it have been made again."""
    outputs = Outputs(Settings(group="ours"))
    said = outputs.memberships("ann", b"{}", "2026-03-01T12:00:00.000Z", 1)
    pending = Pending(outputs, await Topics([], [said, outputs.tombstone("ann")]).read())
    pending.add(step(shard, *[track("ann", "Signed In", NOON, f"m-{n}") for n in range(2)]), NOON)
    assert [message.key for message in snapshot(pending, shard).memberships] == [b"ann"]
    pending.add(shard.erase([Erasure("ann", NOON + 1)]), NOON)
    _, tombstone = snapshot(pending, shard, number=2).checkpoint.outbox
    assert (tombstone.topic, tombstone.key, tombstone.value) == ("segment-memberships", b"ann", None)


async def test_who_is_back_in_a_state_that_is_made_anew_is_told_of_again_after_the_tombstone(shard: Shard) -> None:
    """In the checkpoint that has the tombstone, too, though just that stands there already; and by whoever owns the
    shard after a crash, for whom no change in the outbox tells of her."""
    outputs = Outputs(Settings(group="ours"))
    records = [track("ann", "Signed In", NOON + 2, f"m-{n}") for n in range(2)]
    before = Pending(outputs)
    before.add(step(shard, *records), NOON)
    told = snapshot(before, shard)
    pending = Pending(outputs, await Topics(told.checkpoint.outbox, told.memberships).read())
    anew = Shard(RULES)
    anew.erase([Erasure("ann", NOON + 1)])
    pending.add(step(anew, *records), NOON)
    again = snapshot(pending, anew)
    assert [message.key for message in again.checkpoint.outbox] == [b"ann", b"ann"]
    assert [message.value is None for message in again.checkpoint.outbox] == [True, False]
    assert again.memberships == []


def test_of_an_erased_user_everything_is_removed_and_the_memberships_get_a_tombstone(
    shard: Shard, pending: Pending
) -> None:
    pending.add(step(shard, *[track("ann", "Signed In", NOON, f"m-{n}") for n in range(2)]), NOON)
    snapshot(pending, shard)
    pending.add(shard.erase([Erasure("ann", NOON + 1, "m")]), NOON + 2)
    checkpoint, _, memberships = snapshot(pending, shard, number=2)
    change, tombstone = checkpoint.outbox
    assert (json.loads(change.value or b"")["cause"], json.loads(change.value or b"")["live"]) == ("erase", False)
    assert (tombstone.topic, tombstone.key, tombstone.value) == ("segment-memberships", b"ann", None)
    assert (checkpoint.erased, put(checkpoint, MARKS)) == (["ann"], [(mark_of("ann"), NOON + 1)])
    assert (put(checkpoint, ROWS), dropped(checkpoint, ROWS)) == ([], ["ann"])
    assert dropped(checkpoint, MEMBERS) == [("often", "ann")]
    assert (put(checkpoint, MEMBERSHIPS), dropped(checkpoint, MEMBERSHIPS)) == ([], ["ann"])
    assert memberships == []


def test_who_is_unknown_leaves_a_mark_and_a_tombstone_all_the_same(shard: Shard, pending: Pending) -> None:
    shard.erase([Erasure("ann", NOON)])
    checkpoint, _, _ = snapshot(pending, shard)
    assert [(message.topic, message.value) for message in checkpoint.outbox] == [("segment-memberships", None)]
    assert (checkpoint.erased, put(checkpoint, MEMBERSHIPS), dropped(checkpoint, MEMBERSHIPS)) == (["ann"], [], ["ann"])


def test_who_is_back_in_the_same_checkpoint_is_told_of_after_the_tombstone(shard: Shard, pending: Pending) -> None:
    pending.add(step(shard, *[track("ann", "Signed In", NOON, f"m-{n}") for n in range(2)]), NOON)
    pending.add(shard.erase([Erasure("ann", NOON + 1)]), NOON)
    pending.add(step(shard, *[track("ann", "Signed In", NOON + 2, f"n-{n}") for n in range(2)]), NOON)
    checkpoint, _, memberships = snapshot(pending, shard)
    assert [message.value is None for message in checkpoint.outbox] == [False, False, False, True]
    assert ([user for user, _ in put(checkpoint, ROWS)], checkpoint.erased) == (["ann"], ["ann"])
    assert (put(checkpoint, MEMBERS), dropped(checkpoint, MEMBERS)) == ([("often", "ann")], [])
    ((user, where),) = put(checkpoint, MEMBERSHIPS)
    assert (user, list(json.loads(where or b""))) == ("ann", ["often"])
    assert [list(json.loads(message.value or b"")["segments"]) for message in memberships] == [["often"]]


def test_what_is_in_a_snapshot_is_not_in_the_next(shard: Shard, pending: Pending) -> None:
    pending.add(step(shard, *[track("ann", "Signed In", NOON, f"m-{n}") for n in range(2)]), NOON)
    assert pending
    snapshot(pending, shard)
    assert not pending
    assert snapshot(pending, shard, number=2).checkpoint.outbox == []


def test_a_checkpoint_is_full_by_its_bytes(pending: Pending) -> None:
    assert not pending.is_full(16_000)
    assert pending.is_full(17_000)
    assert pending.is_full(5_000, share=0.25)


def test_a_checkpoint_of_small_profiles_is_full_by_their_number(shard: Shard, pending: Pending) -> None:
    small = [track(f"user-{n}", "Signed In", NOON) for n in range(10_000)]
    pending.add(step(shard, *small), NOON)
    snapshot(pending, shard)
    assert not pending.is_full(17_999)
    assert pending.is_full(18_000)


def test_a_checkpoint_of_large_profiles_is_full_the_earlier(shard: Shard, pending: Pending) -> None:
    large = [identify(f"user-{n}", NOON, notes="x" * 1_000) for n in range(2_000)]
    pending.add(step(shard, *large), NOON)
    snapshot(pending, shard)
    assert pending.is_full(12_000)


def test_changes_are_counted_and_stand_in_the_timeline_of_their_user(shard: Shard, pending: Pending) -> None:
    pending.add(step(shard, *[track("ann", "Signed In", NOON, f"m-{n}") for n in range(2)]), NOON)
    pending.add(shard.tick(NOON + 8 * 86_400_000), NOON)
    checkpoint, _, _ = snapshot(pending, shard)
    hour, day = NOON // 3_600_000, NOON // 86_400_000
    entered, exited = [("often", (f"h{hour}", 1, 0)), ("often", (f"d{day}", 1, 0))], day + 7
    assert put(checkpoint, FLOWS) == [*entered, ("often", (f"h{exited * 24}", 0, 1)), ("often", (f"d{exited}", 0, 1))]
    entries = [(user, decode_entry(raw)) for user, raw in put(checkpoint, TIMELINE)]
    assert [(user, entry.type, entry.ordinal) for user, entry in entries] == [
        ("ann", "segment.entered", 1),
        ("ann", "segment.exited", 2),
    ]
    assert put(snapshot(pending, shard, number=2).checkpoint, FLOWS) == []


def test_from_which_level_to_which_users_go_is_counted_by_the_day(shard: Shard, pending: Pending) -> None:
    step(shard, track("ann", "Signed In", NOON))
    moved = [changed("ann", None, "life/new", NOON), changed("ann", "life/new", "life/power", NOON + 1)]
    pending.add(moved, NOON)
    assert put(snapshot(pending, shard).checkpoint, MOVES) == [
        ("life/new>life/power", (f"d{NOON // 86_400_000}", 1, 0))
    ]
    assert put(snapshot(pending, shard, number=2).checkpoint, MOVES) == []


def test_without_timelines_nothing_is_kept_of_them_and_flows_are_counted_all_the_same(shard: Shard) -> None:
    pending = Pending(Outputs(Settings()), kept=Kept(timeline=0))
    pending.add(step(shard, *[track("ann", "Signed In", NOON, f"m-{n}") for n in range(2)]), NOON)
    checkpoint, _, _ = snapshot(pending, shard)
    assert (put(checkpoint, TIMELINE), len(put(checkpoint, FLOWS))) == ([], 2)


def test_since_when_is_counted_is_said_once(shard: Shard) -> None:
    pending = Pending(Outputs(Settings()), kept=Kept(counts_from=5))
    assert put(snapshot(pending, shard).checkpoint, COUNTED) == [("since", 5)]
    assert put(snapshot(pending, shard, number=2).checkpoint, COUNTED) == []


def test_of_who_is_erased_nothing_of_before_is_in_the_timeline(shard: Shard, pending: Pending) -> None:
    pending.add(step(shard, *[track("ann", "Signed In", NOON, f"m-{n}") for n in range(2)]), NOON)
    pending.add(step(shard, *[track("bob", "Signed In", NOON, f"o-{n}") for n in range(2)]), NOON)
    pending.add(shard.erase([Erasure(user, NOON + 1) for user in ("ann", "bob")]), NOON)
    pending.add(step(shard, *[track("ann", "Signed In", NOON + 2, f"n-{n}") for n in range(2)]), NOON)
    checkpoint, _, _ = snapshot(pending, shard)
    ((user, raw),) = put(checkpoint, TIMELINE)
    assert (user, decode_entry(raw).occurred_at) == ("ann", NOON + 2)
    day = NOON // 86_400_000
    assert ("often", (f"d{day}", 3, 2)) in put(checkpoint, FLOWS)


@pytest.mark.parametrize("is_in", [True, False])
async def test_who_stands_elsewhere_once_made_anew_than_what_was_told_led_to_is_told_of_in_the_end(
    shard: Shard, is_in: bool
) -> None:
    """Rules told that she entered, and others that she left, perhaps; as of now she only ever entered."""
    (entered,) = step(shard, *[track("ann", "Signed In", NOON, f"m-{n}") for n in range(2)])
    told = [structs.replace(entered, occurred_at=NOON + 1, cause="rule_change")]
    told += [] if is_in else [structs.replace(told[0], type="segment.exited", ordinal=2)]
    standing = membership("ann", {"often": (NOON + 1, 1)} if is_in else {}, NOON + 1)
    published = await Topics([OURS.change(each, NOON) for each in told], [standing]).read()
    pending = Pending(OURS, published)
    pending.add([entered], NOON + 5)
    assert not snapshot(pending, shard).checkpoint.outbox
    assert set(pending.end_rebuild(shard, lambda: NOON + 5)) == {None}
    checkpoint, _, memberships = snapshot(pending, shard, 2)
    changes = [decode_change(message.value or b"") for message in checkpoint.outbox]
    assert [(each.type, each.ordinal, each.cause) for each in changes] == (
        [] if is_in else [("segment.entered", 3, "backfill")]
    )
    assert [decode_membership(each.value or b"").segments for each in memberships] == (
        [] if is_in else [{"often": (NOON, 3)}]
    )
    assert not pending.rebuilds
