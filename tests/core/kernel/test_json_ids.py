"""What is seen of JSON without decoding it, against decoding it."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.core.kernel.json_ids import ABSENT, BLANK, ODD, hash_of, hashes_of_members, hashes_of_texts

NAMES = ["type", "userId", "anonymousId"]
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts | st.sampled_from(['"', "\\", "é"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | texts, inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(st.sampled_from([*NAMES, "event", "user_id", "userid"]) | texts, values, max_size=6)


def seen(*objects: bytes) -> list[list[int]]:
    lengths = np.array(list(map(len, objects)), np.int64)
    ends = np.cumsum(lengths)
    raw = np.frombuffer(b"".join(objects), np.uint8)
    found: list[list[int]] = hashes_of_members(raw, ends - lengths, ends, NAMES).tolist()
    return found


def expected(value: Any) -> int:
    if value is None:
        return ABSENT
    if not isinstance(value, str) or not value.isascii() or json.dumps(value)[1:-1] != value:
        return ODD
    return hash_of(value)


@given(st.lists(objects, max_size=4), st.sampled_from([None, 1]), st.booleans())
def test_members_are_those_that_decoding_finds(some: list[dict[str, Any]], indent: int | None, escapes: bool) -> None:
    written = [json.dumps(each, indent=indent, ensure_ascii=escapes).encode() for each in some]
    wanted = [[expected(each.get(name)) for name in NAMES] for each in some]
    for found, each, said in zip(seen(*written), wanted, some, strict=True):
        if any("\\" in json.dumps(name, ensure_ascii=escapes) for name in said):
            each = [ODD] * 3  # such a name may be another's, written so
        assert found == each


@given(st.binary(max_size=40) | objects.map(lambda each: json.dumps(each).encode()), st.integers(0, 60))
@example(b'{"userId":"ann"', 99)
@example(b'{"userId":"ann\\', 99)
@example(b'{"userId":', 99)
@example(b'{"userId" ', 99)
@example(b'{"userId":{"a":"b', 99)
def test_what_can_be_decoded_otherwise_is_never_told_for_sure(raw: bytes, cut: int) -> None:
    """Cut or broken, it is either seen as what a decoder finds in it, or no decoder takes it."""
    (found,) = seen(raw[:cut])
    try:
        said = json.loads(raw[:cut])
    except ValueError:
        return
    if isinstance(said, dict):
        assert all(each in (ODD, expected(said.get(name))) for each, name in zip(found, NAMES, strict=True))
    else:
        assert found == [ODD] * 3


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        (b"", BLANK),
        (b" \t\r", BLANK),
        (b"[1]", ODD),
        (b'{"userId":"ann","userId":"bob"}', ODD),
        (b'{"us\\u0065rId":"bob","userId":"ann"}', ODD),
        (b'{"userId":5}', ODD),
        (b'{"userId":"ann"} {}', ODD),
        (b'{"traits":{"userId":"bob"},"userId":"ann"}', hash_of("ann")),
        (b'{"a":"}{\\"","userId":"ann"}', hash_of("ann")),
        (b'{"userID":"ann"}', ABSENT),
    ],
)
def test_what_is_not_plain_is_not_told_for_sure(raw: bytes, wanted: int) -> None:
    assert seen(raw)[0][1] == wanted


@given(st.lists(texts))
def test_a_text_alone_has_the_hash_that_it_has_in_an_object(some: list[str]) -> None:
    raws = [text.encode() for text in some]
    lengths = np.array(list(map(len, raws)), np.int64)
    ends = np.cumsum(lengths)
    found = hashes_of_texts(np.frombuffer(b"".join(raws), np.uint8), ends - lengths, ends).tolist()
    for text, hashed in zip(some, found, strict=True):
        assert hashed in (ODD, hash_of(text))
        assert (hashed == ODD) == (not text.isascii() or "\\" in text)
