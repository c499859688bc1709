"""Key names and slots."""

from redis.crc import key_slot

from streams.kafka.message import Message
from streams.state.codec import commands, decode_outbox
from streams.state.format import MEMBERS, MEMBERSHIPS
from streams.state.keys import Keys
from streams.state.store import Checkpoint
from tests.state.checkpoints import checkpoint

STRANGE = ["plain", "{", "}", "{}", "{7}", "a:{b}:c", "ü", ":", ""]


def test_all_keys_of_a_shard_are_in_one_slot_whatever_ids_and_segments_look_like() -> None:
    keys = Keys("segmenter:eu").of(3)
    everywhere = checkpoint(
        1,
        rows=[("u", b"")],
        documents=[("u", b"")],
        outbox=[Message("t", b"", b"")],
        joined=[(name, "u") for name in STRANGE],
        left=[(name, "v") for name in STRANGE],
        memberships=[(name, b"") for name in STRANGE] + [("gone", None)],
    )
    names = [keys.state, *commands(keys, everywhere).keys]
    assert len(set(names)) == 5 + 2 * len(STRANGE) + 1
    assert {key_slot(name.encode()) for name in names} == {key_slot(b"3")}


def test_keys_are_named_as_other_programs_expect() -> None:
    keys = Keys("segmenter").of(12)
    assert keys.at(MEMBERS, "lifecycle/power") == "segmenter:{12}:members:lifecycle/power"
    assert keys.at(MEMBERSHIPS, "u-1") == "segmenter:{12}:user:u-1"
    assert keys.state == "segmenter:{12}:state"


def test_the_outbox_is_read_in_the_order_of_numbers_and_not_of_text() -> None:
    outbox = {10: b"\x91\x94\xa1t\xc4\x01b\xc0\x90", 9: b"\x91\x94\xa1t\xc4\x01a\xc4\x01v\x90"}
    assert decode_outbox(outbox) == [Message("t", b"a", b"v"), Message("t", b"b", None)]


def test_a_checkpoint_of_nothing_writes_the_state_alone() -> None:
    keys = Keys("segmenter").of(0)
    assert commands(keys, Checkpoint(7, b"head", {"billing-updates": 9})).arguments == [
        *("HSET", 8),
        *("number", 7, "head", b"head", "positions", b'{"billing-updates":9}', "rebuilds", 0),
    ]
