"""Whatever the bytes: an event, nobody's event, or a reason why not."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.core.events import Event, Reads, Reject, Value
from streams.core.instants import format_time
from streams.core.links import Unlinked
from streams.core.profiles.document import Document
from streams.observed.sampling import sample
from streams.sources import InputOptions
from streams.sources.records import MAX_RECORD_BYTES
from streams.sources.segment_spec import CHUNK, MOST_WHOLE_BYTES
from streams.testing import instant
from tests.decoders import Decoder
from tests.sources.fetched import Fetched
from tests.strategies.records import noise

NOON = 1_772_366_400_000  # 2026-03-01T12:00Z
CAPTURES = Path(__file__).parents[3] / "shared" / "data" / "segment_captures"

MANY = frozenset({"a", "b", "a.b", "name", "mrr"})
READS_NOTHING = Decoder(Reads({}))
READS_SOME = Decoder(Reads({"E": MANY, "Unread": frozenset()}))
READS_OF_ANY = Decoder(Reads({}, of_any=MANY, context=MANY))
READS_MUCH = Decoder(Reads({"E": MANY, "Page Viewed": MANY, "Subscription Started": MANY}, context=MANY))

keys = st.one_of(st.none(), st.binary(max_size=4))
times = st.one_of(st.none(), st.integers(0, 2**42))


@given(st.one_of(st.none(), noise), keys, times)
@example(b"[" * 100_000, None, NOON)
@example(b'{"type":"identify","userId":"u","traits":' + b'{"a":' * 100_000, None, NOON)
@example(b'{"type":"identify","userId":"u","traits":' + b'{"a":' * 400 + b"1e999" + b"}" * 401, None, NOON)
@example(b'{"type":"track","event":"E","userId":"u","properties":{"a":' + b"[" * 600 + b"]" * 600 + b"}}", None, NOON)
@example(b'{"type":"identify","userId":"u","traits":{"a":' + b"[" * 450 + b"]" * 450 + b"}}", None, NOON)
@example(b'{"userId":1, and no JSON from here', None, NOON)
def test_decoding_and_folding_never_raise(raw: bytes | None, key: bytes | None, record_ms: int | None) -> None:
    for decode in (READS_NOTHING.product, READS_MUCH.product, READS_NOTHING.billing, READS_MUCH.billing):
        decoded = decode(raw, key, record_ms)
        if isinstance(decoded, Event):
            decoded.subject.encode()
            document = Document()
            document.fold(decoded)
            assert Document.decode(document.encode()).encode() == document.encode()
        else:
            assert isinstance(decoded, Reject)


@given(noise, keys, times)
@example(b'{"type":"track","event":"E","userId":"u","properties":{"a":1e999}}', None, NOON)
@example(b'{"type":"track","event":"E","userId":"u","properties":{"a":' + b"1" * 5_000 + b"}}", None, NOON)
@example(b'{"type":"track","event":"E","userId":"u","properties":{"a":"\xff"}}', None, NOON)
@example(b'{"type":"track","event":"E","userId":"u","properties":{"a":"\\ud800"}}', None, NOON)
def test_rules_do_not_decide_whether_a_record_can_be_used(raw: bytes, key: bytes | None, record_ms: int | None) -> None:
    little, much = READS_NOTHING.product(raw, key, record_ms), READS_MUCH.product(raw, key, record_ms)
    assert type(little) is type(much)
    if isinstance(little, Event) and isinstance(much, Event):
        assert (little.subject, little.ts, little.name, little.active) == (
            much.subject,
            much.ts,
            much.name,
            much.active,
        )


@given(noise, keys, times)
@example(b'{"type":"track","event":"E","anonymousId":"a","properties":{"a":{"b":1},"a.b":2}}', None, NOON)
@example(b'{"type":"page","name":"Home","anonymousId":"a","properties":{"a":[1]}}', None, NOON)
@example(b'{"type":"identify","anonymousId":"a","context":{"a":{"b":1},"a.b":2,"b":null,"mrr":1e999}}', None, NOON)
def test_what_waits_under_an_alias_has_what_any_rule_would_read(
    raw: bytes, key: bytes | None, record_ms: int | None
) -> None:
    whole = Decoder(Reads({}, unlinked_whole=True)).product(raw, key, record_ms)
    read = READS_OF_ANY.product(raw, key, record_ms)
    if isinstance(whole, Event) and isinstance(read, Event):
        found = whole.properties if isinstance(whole.identity, Unlinked) else read.properties
        assert {name: value for name, value in found.items() if name in MANY} == read.properties
        if isinstance(whole.identity, Unlinked):
            context = {f"context.{name}": value for name, value in (whole.unread_context or {}).items() if name in MANY}
            assert context | {**whole.traits} == read.traits
        else:
            assert whole.unread_context is None


def test_of_much_that_waits_under_an_alias_only_what_rules_read_is_kept() -> None:
    decoder = Decoder(Reads({"E": frozenset({"plan"})}, unlinked_whole=True))
    fits = "x" * (MOST_WHOLE_BYTES - len('{"plan":"pro","note":""}'))
    for note, kept in ((fits, {"plan": "pro", "note": fits}), (fits + "x", {"plan": "pro"})):
        said = {"type": "track", "event": "E", "anonymousId": "a-1", "properties": {"plan": "pro", "note": note}}
        found = decoder.product(json.dumps(said).encode(), None, NOON)
        assert isinstance(found, Event)
        assert found.properties == kept


def test_of_much_context_that_waits_under_an_alias_only_what_rules_read_is_kept_and_of_its_properties_all() -> None:
    decoder = Decoder(Reads({}, context=frozenset({"locale"}), unlinked_whole=True))
    fits = "x" * (MOST_WHOLE_BYTES - len('{"plan":"pro"}{"campaign.source":""}'))
    for source, unread in ((fits, {"campaign.source": fits}), (fits + "x", None)):
        said = {"type": "track", "event": "E", "anonymousId": "a-1", "properties": {"plan": "pro"}}
        context = {"locale": "de", "campaign": {"source": source}}
        found = decoder.product(json.dumps(said | {"context": context}).encode(), None, NOON)
        assert isinstance(found, Event)
        assert (found.properties, found.traits) == ({"plan": "pro"}, {"context.locale": "de"})
        assert found.unread_context == unread


names = st.sampled_from(("E", "F", "Unread", "Email Delivered", "", "x" * 255, "x" * 256))
instants = st.one_of(
    st.integers(1_772_366_000_000, 1_772_367_000_000).map(format_time),
    st.sampled_from(("2026-03-01T12:05:00.000Z", "2026-03-01T12:05:00.001Z", "2026-03-01", "yesterday", 1772366400)),
)
# What senders really send; hardly any of it is refused.
common = st.fixed_dictionaries(
    {"type": st.sampled_from(("track", "track", "track", "page", "identify", "alias")), "userId": names},
    optional={
        "event": names,
        "messageId": names,
        "timestamp": instants,
        "originalTimestamp": instants,
        "anonymousId": names,
        "name": names,
        "properties": st.dictionaries(st.sampled_from(("a", "b", "name")), names, max_size=2),
        "context": st.dictionaries(st.sampled_from(("active", "a")), st.booleans(), max_size=2),
    },
).map(lambda body: json.dumps(body).encode())
common_records = st.builds(Fetched, common, keys, st.integers(1_772_366_000_000, 1_772_367_000_000))
all_records = st.builds(Fetched, st.one_of(st.none(), noise, common), keys, st.integers(0, 2**42))

PLAIN = b'{"type":"track","event":"F","userId":"u-1","timestamp":"2026-03-01T12:00:00.000Z"}'
# The last that is still plain, and the first that is not.
EDGES = [
    Fetched(PLAIN.replace(b"u-1", b"x" * 255)),
    Fetched(PLAIN.replace(b"u-1", b"x" * 256)),
    Fetched(PLAIN.replace(b"u-1", b"")),
    Fetched(PLAIN.replace(b"12:00:00.000", b"12:05:00.000")),
    Fetched(PLAIN.replace(b"12:00:00.000", b"12:05:00.001")),
]


@given(st.one_of(st.lists(common_records, max_size=8), st.lists(all_records, max_size=8)))
@example(EDGES)
@example([Fetched(PLAIN), Fetched(None), Fetched(PLAIN)])
@example([Fetched(PLAIN), Fetched(PLAIN + b"\n" + PLAIN), Fetched(b'{"a":[1'), Fetched(b",2]}")])
@example([Fetched(PLAIN[:-1] + b',"a":"\xc3'), Fetched(b'\xa9"}'), Fetched(PLAIN)])
@example([Fetched(PLAIN[:-1] + b',"properties":{"a":"\xff"}}'), Fetched(PLAIN)])
@example([Fetched(PLAIN + b" " * MAX_RECORD_BYTES), Fetched(PLAIN)])
def test_the_records_of_a_fetch_are_decoded_as_each_alone(fetched: list[Fetched]) -> None:
    for decoder in (READS_NOTHING, READS_SOME, READS_OF_ANY, READS_MUCH):
        assert decoder.all_product(fetched) == [decoder.product(*record) for record in fetched]
        assert decoder.all_billing(fetched) == [decoder.billing(*record) for record in fetched]


def test_an_unusable_record_changes_nothing_for_those_around_it() -> None:
    fetched = [Fetched(PLAIN.replace(b"u-1", b"u-%d" % i)) for i in range(3 * CHUNK)]
    fetched[CHUNK + 1] = Fetched(b"{")
    decoded = READS_NOTHING.all_product(fetched)
    assert isinstance(decoded.pop(CHUNK + 1), Reject)
    assert [event.subject for event in decoded if isinstance(event, Event)] == [
        f"u-{i}" for i in range(3 * CHUNK) if i != CHUNK + 1
    ]


@pytest.mark.parametrize("raw", [None, b"", b"{", b"nonsense", b"{}\n{}", b"\xff", b'{"a":"\xed\xa0\x80"}', b"NaN"])
def test_what_is_not_json_is_refused(raw: bytes | None) -> None:
    for decode in (READS_NOTHING.product, READS_NOTHING.billing):
        rejected = decode(raw, b"u-1", 0)
        assert isinstance(rejected, Reject)
        assert rejected.code == "not_json"


@pytest.mark.parametrize("raw", [b"[]", b"null", b'"text"', b"1"])
def test_what_is_not_one_object_is_of_the_wrong_type(raw: bytes) -> None:
    for decode in (READS_NOTHING.product, READS_NOTHING.billing):
        rejected = decode(raw, b"u-1", 0)
        assert isinstance(rejected, Reject)
        assert rejected.code == "wrong_type"


def test_a_record_has_at_most_1_mib() -> None:
    start = b'{"type":"alias","userId":"u-1"'
    fits = start + b" " * (MAX_RECORD_BYTES - len(start) - 1) + b"}"
    assert isinstance(READS_NOTHING.product(fits, None, NOON), Event)
    too_large = READS_NOTHING.product(fits + b"\n", None, NOON)
    assert isinstance(too_large, Reject)
    assert too_large.code == "too_large"


def test_of_a_name_that_comes_twice_the_later_stands() -> None:
    event = READS_NOTHING.product(b'{"type":"track","type":"alias","userId":"a","userId":"b"}', None, NOON)
    assert event == Event("b", NOON, "", False, None, {}, {})


def captured(path: Path) -> list[dict[str, Any]]:
    requests = [request for client in json.loads(path.read_text()).values() for request in client]
    bodies = [json.loads(request["body"]) for request in requests]
    return [message for body in bodies for message in body.get("batch", ())]


THEN = instant("2026-11-22T16:41:30Z")  # when they were captured, or a little later
BACKDATED = instant("2024-01-02T03:04:05.123Z")
# Of the SDKs that speak the Segment spec, each event by its type and own name: the user, what it counts as, its traits.
MEANT: Final[Mapping[tuple[str, str | None], tuple[str, str, Mapping[str, Value]]]] = {
    ("identify", None): ("u-1", "", {"plan": "pro"}),
    ("track", "Order Completed"): ("u-1", "Order Completed", {}),
    ("track", "Backdated"): ("u-1", "Backdated", {}),
    ("track", "Numeric User"): ("12345", "Numeric User", {}),
    ("page", "Pricing"): ("u-1", "Page Viewed", {}),
    ("screen", "Home"): ("u-1", "Screen Viewed", {}),
    ("group", None): ("u-1", "", {"group.id": "acct-7", "group.mrr": 99}),
    ("alias", None): ("u-1", "", {}),
}


@pytest.mark.skipif(not CAPTURES.exists(), reason="the captured requests are not on this machine")
@pytest.mark.parametrize("name", ["node_clients.json", "python_clients.json"])
def test_what_real_sdks_send_decodes_to_what_it_means(name: str) -> None:
    messages = [one for one in captured(CAPTURES / name) if "type" in one]
    met = set()
    for message in messages:
        if message.get("userId") is None:
            continue
        kind = message["type"], message.get("event") or message.get("name")
        user, event_name, traits = MEANT[kind]
        decoded = READS_NOTHING.product(json.dumps(message).encode(), None, THEN + 3_600_000)
        assert isinstance(decoded, Event), message
        assert (decoded.subject, decoded.name, decoded.message_id) == (user, event_name, message["messageId"])
        assert traits.items() <= decoded.traits.items()
        assert decoded.active == (message["type"] in ("track", "page", "screen"))
        assert decoded.ts == BACKDATED if event_name == "Backdated" else THEN <= decoded.ts < THEN + 60_000
        met.add(kind)
    assert len(met) >= 7


@pytest.mark.skipif(not CAPTURES.exists(), reason="the captured requests are not on this machine")
def test_a_batch_and_posthogs_form_are_told_what_to_publish_instead() -> None:
    for message in captured(CAPTURES / "python_clients.json"):
        if "distinct_id" in message:
            told = READS_NOTHING.product(json.dumps(message).encode(), None, THEN)
            assert isinstance(told, Reject)
            assert (told.code, "PostHog's form" in told.reason) == ("unknown_type", True)
    told = READS_NOTHING.product(b'{"batch":[{"type":"track","userId":"u-1","event":"E"}]}', b"k", THEN)
    assert isinstance(told, Reject)
    assert "publish each of its messages as a record of its own" in told.reason


@pytest.mark.skipif(not CAPTURES.exists(), reason="the captured requests are not on this machine")
@pytest.mark.parametrize("name", ["node_clients.json", "python_clients.json"])
def test_what_real_sdks_send_is_usable(name: str) -> None:
    messages = [one for one in captured(CAPTURES / name) if {"userId", "anonymousId"} & one.keys()]
    assert len(messages) > 10
    for message in messages:
        decoded = READS_MUCH.product(json.dumps(message).encode(), None, 1_800_000_000_000)
        assert isinstance(decoded, Event), (message, decoded)


@pytest.mark.parametrize("wrap", ['{{"a":{}}}', "[{}]"])
def test_no_depth_of_nesting_is_a_reason_to_stop(wrap: str) -> None:
    """What is read of a record may be read deeper down the stack than the record was skimmed."""
    product = '{{"type":"track","event":"E","userId":"u","timestamp":0,"properties":{{"a":{}}}}}'
    update = '{{"type":"billing","event":"Invoice Paid","userId":"u","timestamp":0,"properties":{{"a":{}}}}}'
    stripe = (
        '{{"object":"event","id":"evt_1","type":"charge.refunded","created":0,'
        '"data":{{"object":{{"id":"ch_1","metadata":{{"user_id":"u"}},"x":{}}}}}}}'
    )
    start, end = wrap.format("|").split("|")
    for depth in range(900, 1_010):
        deep = start * depth + "1" + end * depth
        for decode, raw in [
            (READS_NOTHING.product, product.format(deep).encode()),
            (READS_MUCH.product, product.format(deep).encode()),
            (READS_MUCH.billing, update.format(deep).encode()),
            (READS_MUCH.billing, stripe.format(deep).encode()),
        ]:
            decoded = decode(raw, b"u", 0)
            assert isinstance(decoded, Event | Reject)
            if isinstance(decoded, Event):
                sample(decoded, raw)


NOBODIES = ("", "  ", "null", "NULL", "undefined", "'null'", '"None"', "[object Object]", "0", "-1", "anonymous", "nan")


@pytest.mark.parametrize("user", NOBODIES)
@pytest.mark.parametrize("decoder", [READS_NOTHING, READS_MUCH])
def test_an_id_that_names_nobody_is_none(user: str, decoder: Decoder) -> None:
    track: dict[str, Any] = {"type": "track", "event": "E", "userId": user, "timestamp": "2026-03-01T12:00:00Z"}
    for raw in (json.dumps(track).encode(), json.dumps(track | {"anonymousId": user}).encode()):
        [named] = decoder.all_product([Fetched(raw, b"ann")])
        assert isinstance(named, Event)
        assert named.subject == "ann"
        [refused] = decoder.all_product([Fetched(raw, user.encode())])
        assert isinstance(refused, Reject)
        assert refused.code == "no_user"
    [anonymous] = decoder.all_product([Fetched(json.dumps(track | {"anonymousId": "a-1"}).encode(), b"ann")])
    assert isinstance(anonymous, Event)
    assert (anonymous.subject, anonymous.identity) == ("a-1", Unlinked())


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", 0, "1999-12-31T23:59:59Z"])
def test_a_time_at_which_no_event_can_have_happened_is_none(at: object) -> None:
    raw = json.dumps({"type": "track", "event": "E", "userId": "ann", "timestamp": at}).encode()
    [refused] = READS_NOTHING.all_product([Fetched(raw, b"ann")])
    assert isinstance(refused, Reject)
    assert (refused.code, "before 2000-01-01 (setting earliest)" in refused.reason) == ("no_time", True)
    early = Decoder(Reads({}), InputOptions(earliest_ms=-(10**14)))
    assert isinstance(early.all_product([Fetched(raw, b"ann")])[0], Event)
