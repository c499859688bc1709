"""Whatever the bytes: an event, nobody's event, or a reason why not."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.core.documents import Document
from streams.core.events import ANONYMOUS, Event, Reads, Reject
from streams.sources import Decoder
from streams.sources.records import MAX_RECORD_BYTES

CAPTURES = Path(__file__).parents[3] / "shared" / "data" / "segment_captures"

MANY = frozenset({"a", "b", "a.b", "name", "mrr"})
READS_NOTHING = Decoder(Reads({}))
READS_MUCH = Decoder(Reads({"E": MANY, "Page Viewed": MANY, "Subscription Started": MANY}, context=MANY))

FIELDS = (
    *("type", "messageId", "userId", "anonymousId", "event", "name", "groupId", "properties", "traits", "context"),
    *("timestamp", "originalTimestamp", "sentAt", "receivedAt", "object", "a", "b", "mrr", "active", "subscription_id"),
)
KNOWN = ("track", "page", "identify", "group", "alias", "billing", "E", "Subscription Started", "2026-01-01", "u-1")
NUMBERS = ("0", "-1", "1.5", "1e999", "-1e400", "1577836800", "1" * 400, "1" * 5_000, "1e-999", "-0.0", "NaN", "01")
TEXTS = ('"\\ud800"', '"\\ud83d\\ude00"', '"\\udc00\\ud800"', '"\\u0000"', '"é"', '"\\x"', '""')

leaves = st.one_of(
    st.sampled_from((*NUMBERS, *TEXTS, "null", "true", "false")),
    st.sampled_from(KNOWN).map(json.dumps),
    st.text(max_size=5).map(json.dumps),
)
members = st.lists(st.tuples(st.sampled_from(FIELDS), leaves), max_size=5)


def written(pairs: list[tuple[str, str]]) -> str:
    """A JSON object as text, with names that may come twice."""
    return "{" + ",".join(f'"{name}":{value}' for name, value in pairs) + "}"


values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{','.join(items)}]"),
        st.lists(st.tuples(st.sampled_from(FIELDS), inner), max_size=4).map(written),
    ),
    max_leaves=6,
)
likely = st.tuples(st.just("type"), st.sampled_from(KNOWN[:6]).map(json.dumps))
bodies = st.builds(
    lambda *parts: written([*parts[:-1], *parts[-1]]),
    likely,
    st.tuples(st.just("event"), st.sampled_from(('"E"', '"Subscription Started"'))),
    st.tuples(st.just("userId"), st.just('"u-1"')),
    st.lists(st.tuples(st.sampled_from(FIELDS), values), max_size=6),
)
noise = st.one_of(st.binary(max_size=30), bodies.map(lambda text: text.encode(errors="surrogatepass")))
keys = st.one_of(st.none(), st.binary(max_size=4))
times = st.one_of(st.none(), st.integers(0, 2**42))


@given(st.one_of(st.none(), noise), keys, times)
@example(b"[" * 100_000, None, 0)
@example(b'{"type":"identify","userId":"u","traits":' + b'{"a":' * 100_000, None, 0)
@example(b'{"type":"identify","userId":"u","traits":' + b'{"a":' * 400 + b"1e999" + b"}" * 401, None, 0)
@example(b'{"type":"track","event":"E","userId":"u","properties":{"a":' + b"[" * 600 + b"]" * 600 + b"}}", None, 0)
@example(b'{"type":"identify","userId":"u","traits":{"a":' + b"[" * 450 + b"]" * 450 + b"}}", None, 0)
@example(b'{"userId":1, and no JSON from here', None, 0)
def test_decoding_and_folding_never_raise(raw: bytes | None, key: bytes | None, record_ms: int | None) -> None:
    for decode in (READS_NOTHING.product, READS_MUCH.product, READS_NOTHING.billing, READS_MUCH.billing):
        decoded = decode(raw, key, record_ms)
        if isinstance(decoded, Event):
            decoded.user.encode()
            document = Document()
            document.fold(decoded)
            assert Document.decode(document.encode()).encode() == document.encode()
        else:
            assert isinstance(decoded, Reject) or decoded is ANONYMOUS


@given(noise, keys, times)
@example(b'{"type":"track","event":"E","userId":"u","properties":{"a":1e999}}', None, 0)
@example(b'{"type":"track","event":"E","userId":"u","properties":{"a":' + b"1" * 5_000 + b"}}", None, 0)
@example(b'{"type":"track","event":"E","userId":"u","properties":{"a":"\xff"}}', None, 0)
@example(b'{"type":"track","event":"E","userId":"u","properties":{"a":"\\ud800"}}', None, 0)
def test_rules_do_not_decide_whether_a_record_can_be_used(raw: bytes, key: bytes | None, record_ms: int | None) -> None:
    little, much = READS_NOTHING.product(raw, key, record_ms), READS_MUCH.product(raw, key, record_ms)
    assert type(little) is type(much)
    if isinstance(little, Event) and isinstance(much, Event):
        assert (little.user, little.ts, little.name, little.active) == (much.user, much.ts, much.name, much.active)


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
    assert isinstance(READS_NOTHING.product(fits, None, 0), Event)
    too_large = READS_NOTHING.product(fits + b"\n", None, 0)
    assert isinstance(too_large, Reject)
    assert too_large.code == "too_large"


def test_of_a_name_that_comes_twice_the_later_stands() -> None:
    event = READS_NOTHING.product(b'{"type":"track","type":"alias","userId":"a","userId":"b"}', None, 0)
    assert event == Event("b", 0, "", False, None, {}, {})


def captured(path: Path) -> list[dict[str, Any]]:
    requests = [request for client in json.loads(path.read_text()).values() for request in client]
    bodies = [json.loads(request["body"]) for request in requests]
    return [message for body in bodies for message in body.get("batch", ())]


@pytest.mark.skipif(not CAPTURES.exists(), reason="the captured requests are not on this machine")
@pytest.mark.parametrize("name", ["node_clients.json", "python_clients.json"])
def test_what_real_sdks_send_is_usable(name: str) -> None:
    messages = [one for one in captured(CAPTURES / name) if {"userId", "anonymousId"} & one.keys()]
    assert len(messages) > 10
    for message in messages:
        decoded = READS_MUCH.product(json.dumps(message).encode(), None, 1_800_000_000_000)
        assert isinstance(decoded, Event) or decoded is ANONYMOUS, (message, decoded)
