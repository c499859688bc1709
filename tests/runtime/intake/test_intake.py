"""What a fetch brings, until it is applied."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from faust.types import TP

from streams.core.engine.erasure import Erasure
from streams.core.events import Reads
from streams.core.identities.owners import TOO_MANY_IDS
from streams.core.identities.questions import UNKNOWN, Question, Unable, refusal
from streams.core.identities.refusals import Refusal, RefusedLink
from streams.core.links import Place
from streams.core.merges import Merge, Noted
from streams.errors import StateError
from streams.kafka.batches.record import Unreadable
from streams.observed.recorder import Recorder
from streams.outputs.dead_letter import decode_dead_letter
from streams.outputs.messages import Outputs
from streams.runtime.counters import Counters
from streams.runtime.intake.intake import Intake
from streams.runtime.transport.fetching import Fetched
from streams.runtime.worker import Worker
from streams.settings import Settings
from streams.sources import Decoder, profile_commands
from streams.state.memory import MemoryGroupStore
from streams.testing import billing, to_bytes, track
from tests.anytime import ANY_TIME
from tests.runtime.records import Read

TOPIC = TP("product-events", 0)
COMMANDS = TP("profile-commands", 0)
READING = 7
ANONYMOUS = b'{"type":"track","event":"Signed In","anonymousId":"a-1"}'


class Reader:
    """As much of a consumer as starts reading."""

    async def start_reading(self, offsets: object) -> int:
        return READING


async def started(*topics: TP, partitions: int = 1) -> tuple[Intake, Counters]:
    settings, counters = Settings(), Counters()
    worker: Any = SimpleNamespace(
        settings=settings,
        decoder=Decoder(Reads({}), ANY_TIME),
        outputs=Outputs(settings),
        counters=counters,
        consumer=Reader(),
        recorder=Recorder(MemoryGroupStore(), lambda: 0),
        partitions=partitions,
    )
    offsets = dict.fromkeys(topics, 0)
    intake = Intake(cast(Worker, worker), offsets)
    await intake.start(offsets)
    return intake, counters


def fetched(
    values: dict[int, bytes | None], reading: int = READING, topic: TP = TOPIC, caught_up: bool = True
) -> Fetched:
    """offset -> value"""
    records = [Read(at, 0, b"k", value) for at, value in values.items()]
    return Fetched(topic, reading, 0, records, next_offset=9, end=9, caught_up=caught_up)


def signed_in(user: str) -> bytes:
    return to_bytes(track(user, "Signed In", 0, "m-1"))


async def test_what_never_came_has_the_shard_loaded_again_and_nothing_behind_it_is_applied() -> None:
    intake, _ = await started(TOPIC)
    intake.receive(fetched({3: signed_in("ann")}))
    behind = replace(fetched({30: signed_in("bob")}), first_offset=20, next_offset=31)
    intake.receive(behind)
    intake.receive(replace(behind, first_offset=31, next_offset=40))
    assert intake.positions() == {"product-events": 3}
    with pytest.raises(StateError, match=r"product-events, partition 0, offsets 9 up to 20 never came"):
        intake.take_commands(10)


async def test_events_wait_with_the_offsets_of_their_records() -> None:
    intake, _ = await started(TOPIC)
    intake.receive(fetched({3: signed_in("ann"), 5: signed_in("bob")}))
    batch = intake.take(10)
    assert [event.subject for event in batch.events] == ["ann", "bob"]
    assert batch.offsets.tolist() == [3, 5]
    assert intake.positions() == {"product-events": 9}


async def test_what_is_no_event_is_counted_and_moves_no_offset_to_another_record() -> None:
    intake, counters = await started(TOPIC)
    intake.receive(fetched({2: b"{", 3: signed_in("ann"), 4: ANONYMOUS, 5: signed_in("bob"), 6: b"[]"}))
    batch = intake.take(10)
    assert [event.subject for event in batch.events] == ["ann", "a-1", "bob"]
    assert batch.offsets.tolist() == [3, 4, 5]
    assert counters.rejects == Counter(not_json=1, wrong_type=1)
    assert [(dict(letter.headers)["offset"], letter.value) for letter in intake.letters.take()] == [
        (b"2", b"{"),
        (b"6", b"[]"),
    ]


async def test_a_fetch_for_an_earlier_owner_is_dropped() -> None:
    intake, _ = await started(TOPIC)
    intake.receive(fetched({0: signed_in("ann")}, reading=READING - 1))
    assert not len(intake.take(10))
    assert intake.positions() == {"product-events": 0}


def erase(user: str) -> bytes:
    return profile_commands.encode(Erasure(user, 0))


async def test_who_is_to_be_erased_goes_before_all_events() -> None:
    intake, _ = await started(TOPIC, COMMANDS)
    intake.receive(fetched({3: signed_in("ann")}))
    assert not len(intake.take(10)), "there may be commands"
    intake.receive(fetched({2: erase("ann"), 4: erase("bob")}, topic=COMMANDS, caught_up=False))
    assert not len(intake.take(10))
    assert [each.subject for each in intake.take_commands(1)] == ["ann"]
    assert intake.positions() == {"product-events": 3, "profile-commands": 4}
    assert [each.subject for each in intake.take_commands(10)] == ["bob"]
    assert not len(intake.take(10)), "there are more to come"
    intake.receive(fetched({}, topic=COMMANDS))
    assert [event.subject for event in intake.take(10).events] == ["ann"]
    assert intake.positions() == {"product-events": 9, "profile-commands": 9}


async def test_a_merge_waits_for_what_happened_before_it_and_erasures_do_not() -> None:
    intake, counters = await started(TOPIC, COMMANDS)
    merge = profile_commands.encode(profile_commands.merge("bob", "ann", 5, "m"))
    intake.receive(fetched({2: merge, 3: erase("cy")}, topic=COMMANDS))
    assert [each.subject for each in intake.take_commands(10)] == ["cy"]
    assert not len(intake.take(10)), "there may be events of before"
    intake.receive(fetched({3: signed_in("ann")}))
    assert intake.positions() == {"product-events": 3, "profile-commands": 2}
    assert [(event.subject, event.identity) for event in intake.take(10).events] == [
        ("ann", None),
        ("bob", Merge("ann")),
    ]
    assert intake.positions() == {"product-events": 9, "profile-commands": 9}
    question = Question("ann", Place("profile-commands/0", 2), 5, "m")
    intake.letters.bury_commands([Unable("bob", question, refusal(UNKNOWN, "into"))])
    (letter,) = intake.letters.take()
    assert (letter.key, letter.value) == (b"bob", merge)
    assert [dict(letter.headers)[name] for name in ("topic", "partition", "offset")] == [
        b"profile-commands",
        b"0",
        b"2",
    ]
    assert counters.rejects == Counter(merge_unknown=1)


async def test_commands_are_read_to_their_end_however_many_merge_users_as_all_events_wait_for_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("streams.runtime.intake.intake.MOST", 3)  # this consumer could not even pause
    intake, _ = await started(TOPIC, COMMANDS)
    merges = [profile_commands.encode(profile_commands.merge(f"u-{n}", "ann", 0, None)) for n in range(6)]
    intake.receive(fetched({0: signed_in("ann")}))
    intake.receive(fetched(dict(enumerate(merges)), topic=COMMANDS, caught_up=False))
    assert not len(intake.take(10))
    intake.receive(replace(fetched({}, topic=COMMANDS), first_offset=9))
    assert len(intake.take(10)) == 7


async def test_a_merge_that_was_done_goes_before_all_events_if_it_is_of_these_inputs() -> None:
    intake, counters = await started(TOPIC, COMMANDS)
    ours, others = (
        Noted("bob", "ann", 5, "m", {source: 3}) for source in ("product-events/0", "another-group.rerouted-events/0")
    )
    found: dict[int, bytes | None] = dict(enumerate(map(profile_commands.encode, (others, ours))))
    intake.receive(fetched(found, topic=COMMANDS))
    intake.receive(fetched({3: signed_in("ann")}))
    assert not len(intake.take(10))
    assert intake.take_commands(10) == [ours]
    assert [event.subject for event in intake.take(10).events] == ["ann"]
    assert not counters.rejects


async def test_a_link_that_is_not_made_is_a_dead_letter_that_says_which_and_where_it_was_borne() -> None:
    intake, counters = await started(TOPIC)
    link = RefusedLink(Refusal("device-101", "ann", 5, TOO_MANY_IDS), Place("product-events/0", 7))
    intake.letters.bury_links([link])
    (letter,) = intake.letters.take()
    assert letter.key == b"ann"
    told = decode_dead_letter(letter.value, letter.headers)
    assert (told.topic, told.partition, told.offset) == ("product-events", 0, 7)
    assert told.value == b'{"alias":"device-101","userId":"ann","timestamp":"1970-01-01T00:00:00.005Z"}'
    assert told.why.reason.startswith("`ann` has 100 ids, as many as one person may have: `device-101` is not linked")
    assert counters.rejects == Counter(too_many_ids=1)
    assert not counters.records, "the record itself is counted as what it is"


async def test_a_command_that_is_none_is_a_dead_letter_and_one_taken_away_is_nothing() -> None:
    intake, counters = await started(TOPIC, COMMANDS)
    intake.receive(fetched({2: b"{", 3: None, 4: erase("ann")}, topic=COMMANDS))
    assert [each.subject for each in intake.take_commands(10)] == ["ann"]
    assert counters.rejects == Counter(not_json=1)
    (letter,) = intake.letters.take()
    assert (letter.value, dict(letter.headers)["topic"]) == (b"{", b"profile-commands")


async def test_a_command_in_a_partition_that_is_not_its_users_is_a_dead_letter_that_says_which_is() -> None:
    intake, counters = await started(TOPIC, COMMANDS, partitions=4)
    intake.receive(fetched({2: erase("ann"), 3: erase("zoë")}, topic=COMMANDS))
    assert [each.subject for each in intake.take_commands(10)] == ["zoë"]
    assert counters.rejects == Counter(wrong_partition=1)
    (letter,) = intake.letters.take()
    reason = b"partition 0 is not the user's, which by SEGMENTER_PARTITIONER=murmur2 is 2: send it there"
    assert dict(letter.headers)["reason"].startswith(reason)


async def test_a_record_at_which_we_fail_ourselves_is_a_dead_letter_and_the_others_are_applied() -> None:
    intake, counters = await started(TOPIC, COMMANDS)
    decoder = cast(Any, intake._decoding._of[TOPIC.topic])
    decode_all = decoder.decode_all

    def failing(records: Sequence[Any]) -> Any:
        if any(b"bad" in record.value for record in records):
            raise ZeroDivisionError("bad@acme.example")
        return decode_all(records)

    decoder.decode_all = failing
    intake.receive(fetched({}, topic=COMMANDS))
    intake.receive(fetched({3: signed_in("ann"), 4: signed_in("bad"), 5: signed_in("bob")}))
    assert [event.subject for event in intake.take(10).events] == ["ann", "bob"]
    [letter] = intake.letters.take()
    headers = dict(letter.headers)
    assert (headers["reason_code"], headers["offset"]) == (b"internal_error", b"4")
    assert b"ZeroDivisionError < runtime/intake/decoding.py" in headers["reason"]
    assert b"acme" not in headers["reason"]
    assert counters.rejects == {"internal_error": 1}


async def test_what_bears_a_user_who_is_another_is_read_whole_as_rules_may_be_others_once_it_is_passed_on() -> None:
    intake, _ = await started(TOPIC)
    intake.know_moving({"bob": "ann"})
    context = {"context": {"campaign": {"source": "ad"}}}
    both = [to_bytes(track(user, "Signed In", 0, "m-1", plan="pro") | context) for user in ("ann", "bob")]
    intake.receive(fetched(dict(enumerate(both))))
    ann, bob = intake.take(10).events
    assert (ann.properties, ann.unread_context) == ({}, None)
    assert (bob.properties, bob.unread_context) == ({"plan": "pro"}, {"campaign.source": "ad"})


@pytest.mark.parametrize("is_done", [False, True])
async def test_whom_a_command_is_about_is_known_here_until_whoever_applies_it_knows(is_done: bool) -> None:
    intake, _ = await started(TOPIC, COMMANDS)
    intake.know_moving()
    done = Noted("bob", "ann", 5, "m", {"product-events/0": 3})
    command = profile_commands.encode(done if is_done else profile_commands.merge("bob", "ann", 0, "m"))
    intake.receive(fetched({2: command}, topic=COMMANDS))
    bob = to_bytes(track("bob", "Signed In", 0, "m-1") | {"context": {"campaign": {"source": "ad"}}})
    intake.receive(fetched({3: bob}))
    assert len(intake.take_commands(10)) == is_done
    assert [event.unread_context for event in intake.take(10).events if event.name] == [{"campaign.source": "ad"}]
    intake.take(10)
    intake.receive(fetched({4: bob}))
    assert [event.unread_context for event in intake.take(10).events] == [None]


async def test_a_command_at_which_we_fail_ourselves_is_a_dead_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    intake, counters = await started(COMMANDS)
    monkeypatch.setattr(profile_commands, "decode", lambda *_: 1 / 0)
    intake.receive(fetched({3: b"{}"}, topic=COMMANDS))
    assert counters.rejects == {"internal_error": 1}


async def test_what_cannot_be_read_is_a_dead_letter_with_its_reason_and_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    intake, counters = await started(TOPIC, COMMANDS)
    lost = [Unreadable(at, None, b"bytes", "its bytes are not what its checksum says") for at in (4, 7)]
    intake.receive(fetched({}, topic=COMMANDS))
    for each in lost:
        intake.receive(replace(fetched({}), unreadable=[each]))
    intake.receive(replace(fetched({5: signed_in("ann")}), unreadable=[Unreadable(6, b"k", b"v", "its header")]))
    assert [event.subject for event in intake.take(10).events] == ["ann"]
    letters = [(dict(each.headers)["offset"], each.key, each.value) for each in intake.letters.take()]
    assert letters == [(b"4", b"", b"bytes"), (b"7", b"", b"bytes"), (b"6", b"k", b"v")]
    assert counters.rejects == Counter(unreadable=3)
    (told,) = [record.getMessage() for record in caplog.records]
    assert told.startswith(
        "topic product-events, partition 0, offset 4 - cannot be read and is a dead letter: its bytes"
    )


async def test_what_is_odd_about_a_record_that_is_taken_is_told(caplog: pytest.LogCaptureFixture) -> None:
    updates = TP("billing-updates", 0)
    intake, _ = await started(updates)
    for offset in (0, 1):
        intake.receive(
            fetched({offset: to_bytes(billing("ann", "Subscription Strated", 0, f"m-{offset}"))}, topic=updates)
        )
    assert [record.getMessage() for record in caplog.records] == [
        'topic billing-updates - "Subscription Strated" was read: was "Subscription Started" meant?'
    ]
    assert len(intake.take(9)) == 2
