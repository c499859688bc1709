"""What a shard has published is known from what stands on its topics."""

import random

from msgspec import structs

from streams.core.changes import Cause, Change
from streams.core.engine.decoding import Memberships
from streams.kafka.message import Message
from streams.outputs.membership import encode_segments
from streams.outputs.messages import Outputs
from streams.settings import Settings
from tests.runtime.checkpoints.published_topics import OURS, Topics, membership

NOON = 1_772_366_400_000
THEIRS = Outputs(Settings(group="theirs"))
GARBAGE = Message("", b"ann", b"{oops")


def change(user: str, ordinal: int, at: int) -> Change:
    return Change(user, "r", "segment.entered", "r", None, at, "event", "m", ordinal, "1", (), ("r",), {})


async def test_of_a_thousand_changes_those_are_known_that_stand_there() -> None:
    chance = random.Random(1)
    all_of_them = [change(f"u-{number % 50}", number, NOON + number) for number in range(1_000)]
    standing = chance.sample(all_of_them, 500)
    published = await Topics([OURS.change(each, NOON) for each in standing]).read()
    assert [each for each in all_of_them if published.has(each)] == [each for each in all_of_them if each in standing]
    assert (published.changes, published.users) == (500, 0)


async def test_a_step_that_a_change_of_rules_told_is_known_whatever_its_instant_until_its_user_is_erased() -> None:
    def by(cause: Cause, user: str, ordinal: int, at: int) -> Change:
        return structs.replace(change(user, ordinal, at), cause=cause)

    def left(each: Change) -> Change:
        return structs.replace(each, type="segment.exited")

    told = [
        by("rule_change", "ann", 1, NOON),
        left(by("event", "ann", 2, NOON + 1)),
        by("rule_change", "bob", 1, NOON),
        left(by("erase", "bob", 2, NOON)),
        by("rule_change", "bob", 3, NOON + 9),
    ]
    published = await Topics([OURS.change(each, NOON) for each in told]).read()
    steps = [by("event", user, ordinal, NOON - 5) for user in ("ann", "bob") for ordinal in (1, 2, 3)]
    assert [(each.subject, each.ordinal) for each in steps if published.has_step(each)] == [("ann", 1), ("bob", 3)]
    assert not any(published.has_step(left(each)) for each in steps)


async def test_changes_of_another_group_and_what_is_no_change_are_nobodys() -> None:
    theirs = THEIRS.change(change("ann", 1, NOON), NOON)
    strange = Message("", b"ann", b"{}", headers=(("ce_source", OURS.source.encode()), ("ce_id", b"no hash")))
    published = await Topics([theirs, GARBAGE, strange], [GARBAGE]).read()
    assert not published.has(change("ann", 1, NOON))
    assert not published.knows("ann", NOON, b"{}")


async def test_what_kafka_has_let_go_of_is_known_by_what_is_newer_of_the_same_user() -> None:
    changes = [change("ann", number, NOON + number) for number in range(1, 5)]
    topics = Topics([OURS.change(each, NOON) for each in changes[:3]], [membership("ann", {}, NOON + 3)], begins=3)
    published = await topics.read()
    assert [published.has(each) for each in changes] == [True, True, False, False]
    assert not published.has(change("bob", 1, NOON))


async def test_while_kafka_has_all_changes_one_that_does_not_stand_there_is_not_known() -> None:
    published = await Topics([], [membership("ann", {}, NOON + 3)]).read()
    assert not published.has(change("ann", 1, NOON))


async def test_where_a_user_stands_is_known_if_it_is_the_newest_that_was_said_or_older() -> None:
    there: Memberships = {"r": (NOON, 1)}
    gone: Memberships = {}
    said = [membership("ann", there, NOON), membership("bob", there, NOON), membership("ann", gone, NOON + 5)]
    published = await Topics([], [*said, OURS.tombstone("bob")]).read()
    assert published.knows("ann", NOON, encode_segments(there))
    assert published.knows("ann", NOON + 5, encode_segments(gone))
    assert not published.knows("ann", NOON + 5, encode_segments(there))
    assert not published.knows("ann", NOON + 6, encode_segments(there))
    assert not published.knows("bob", NOON, encode_segments(there))
    assert published.users == 2


async def test_where_a_user_stands_is_not_known_once_something_was_said_of_her_since_as_that_may_be_older() -> None:
    there: Memberships = {"r": (NOON, 1)}
    published = await Topics([], [membership("ann", there, NOON), membership("ann", {}, NOON + 5)]).read()
    published.say([membership("ann", there, NOON + 1, version=2)])
    assert not published.knows("ann", NOON + 5, encode_segments({})), "whoever reads has her in r by now"
    assert not published.knows("ann", NOON + 4, encode_segments({}))


async def test_it_is_known_where_each_user_stands_there_and_by_which_changes() -> None:
    said = [
        membership("bob", {"r": (NOON, 1)}, NOON),
        membership("ann", {"r": (NOON, 1)}, NOON),
        membership("ann", {"t/low": (NOON + 2, 7), "r": (NOON, 1)}, NOON + 2),
        membership("cid", {"r": (NOON, 1 << 40)}, NOON),
        membership("dan", {}, NOON),
        membership("eve", {"r": (NOON, 3)}, NOON),
    ]
    published = await Topics([], [*said, OURS.tombstone("bob")]).read()
    assert published.stands("ann") == {"t/low": (NOON + 2, 7), "r": (NOON + 2, 1)}
    assert [published.stands(user) for user in ("bob", "dan", "max")] == [{}, {}, {}]
    assert published.stands("eve") == {"r": (NOON, 3)}
    published.forget("eve")
    assert published.stands("eve") == {}


async def test_the_greatest_version_is_known_of_all_that_was_said_whoever_is_gone_by_now() -> None:
    said = [membership("ann", {}, NOON, 7), membership("bob", {}, NOON, 9), membership("ann", {}, NOON, 8)]
    assert (await Topics([], [*said, OURS.tombstone("bob")]).read()).version == 9
    assert (await Topics([], [OURS.tombstone("bob"), GARBAGE]).read()).version == 0


async def test_of_an_erased_user_nothing_stands_any_more() -> None:
    said = [membership("ann", {}, NOON), membership("bob", {}, NOON), OURS.tombstone("bob")]
    published = await Topics([], said).read()
    assert [published.forget(user) for user in ("ann", "ann", "bob", "cid")] == [True, False, False, False]
    assert not published.knows("ann", NOON, b"{}")


async def test_of_an_erased_user_of_whom_something_was_said_since_something_stands_there() -> None:
    published = await Topics([], [membership("ann", {}, NOON), OURS.tombstone("ann")]).read()
    published.say([membership("ann", {}, NOON + 1), membership("bob", {}, NOON + 1)])
    assert [published.forget(user) for user in ("ann", "ann", "bob", "cid")] == [True, False, True, False]


async def test_a_shard_that_published_nothing_knows_nothing() -> None:
    published = await Topics([]).read()
    assert not published.has(change("ann", 1, NOON))
    assert not published.knows("ann", NOON, b"{}")
