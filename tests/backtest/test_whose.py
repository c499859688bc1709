"""Lines are shared out: each is one process's, and those of users who have to do with each other are of one."""

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.backtest import histories
from streams.backtest.histories import Piece, opened, pieces
from streams.backtest.records import HistoryDecoder
from streams.backtest.survey import Surveyor
from streams.backtest.whose import ANOTHERS, Shared, Shares, Whole
from streams.core.events import Decoded, Event, Reads
from streams.settings import Settings
from streams.sources import Decoder, InputOptions
from streams.testing import billing, to_bytes

AT = "2026-03-01T12:00:00.000Z"
PROCESSES = 3
SETTINGS = Settings()

ids = st.sampled_from(
    ["ann", "Ann", "bob", "cid", "é", 'a"b', "a\\b", "", " ", "null", "'NULL'", "\u00a0null", 5, None]
)
kinds = st.sampled_from(["track", "track", "page", "identify", "group", "alias", "merge", "Track", None, 7])
BROKEN = [
    b"",
    b" ",
    b"\x01",
    b"\0\0",
    b"{",
    b"[]",
    b"\xff",
    b'{"type":"track","userId":"ann"',
    b'{"userId":"ann","type":"track"} x',
]
TWICE = b'{"type":"track","event":"X","timestamp":"2026-03-01","userId":"ann","userId":"bob"}'
BILL = to_bytes(billing("ann", "Invoice Paid", AT, amount=9))
BILL_OF_STRIPE = b'{"object":"event","id":"evt_2","type":"billing","userId":"bob","data":{"object":{"id":"cus_1"}}}'
STRIPE = b'{"object":"event","id":"evt_1","type":"customer.created","data":{"object":{"id":"cus_1","metadata":{}}}}'


@st.composite
def records(draw: st.DrawFn) -> bytes:
    said: dict[str, object] = {
        "type": draw(kinds),
        "event": "X",
        "timestamp": AT,
        "userId": draw(ids),
        "anonymousId": draw(ids),
    }
    said |= {"anonymousId": draw(ids), "previousId": draw(ids), "into": draw(ids), "properties": {"userId": draw(ids)}}
    return json.dumps(said, ensure_ascii=draw(st.booleans())).encode()


lines = records() | records() | st.sampled_from([*BROKEN, TWICE, BILL, BILL_OF_STRIPE, STRIPE])


def decoder() -> HistoryDecoder:
    return HistoryDecoder(Decoder(Reads({})), {})


def shares(name: str, of: int) -> Shares:
    surveyor = Surveyor(decoder(), SETTINGS)
    return Shares(of, {piece: surveyor.look_through(piece) for piece in pieces(name)})


def shared(path: Path, number: int, of: int) -> dict[int, Decoded]:
    """By the number of its line."""
    name = str(path)
    found: dict[int, Decoded] = {}
    with closing(opened(Piece(name))) as file:
        source = Shared(name, file, decoder(), shares(name, of), number) if of > 1 else Whole(file, decoder())
        while (arrived := source.read()) is not None:
            found |= dict(zip(arrived.numbers, arrived.decoded, strict=True))
    return {number: means for number, means in found.items() if means is not ANOTHERS}


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a history of a test has several."""
    monkeypatch.setattr(histories, "PIECE_BYTES", 500)


@given(st.lists(lines, max_size=30))
def test_each_line_is_of_one_process_and_means_what_it_means(
    tmp_path_factory: pytest.TempPathFactory, some: Sequence[bytes]
) -> None:
    path = tmp_path_factory.mktemp("history") / "some.jsonl"
    path.write_bytes(b"\n".join(some))
    parts = [shared(path, number, PROCESSES) for number in range(PROCESSES)]
    assert sum(map(len, parts)) == len(set().union(*parts))
    assert {number: means for part in parts for number, means in part.items()} == shared(path, 0, 1)
    homes = [{each.subject for each in part.values() if isinstance(each, Event)} for part in parts]
    assert sum(map(len, homes)) == len(set().union(*homes))


def test_users_with_an_id_in_common_are_of_one_process_however_far_apart(tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl"
    chain = [{"userId": f"u-{n}", "anonymousId": f"d-{n}"} for n in range(20)]
    chain += [{"userId": f"u-{n + 1}", "anonymousId": f"d-{n}"} for n in range(20)]
    said = [{"type": "track", "event": "X", "timestamp": AT, **ids} for ids in chain]
    path.write_text("".join(json.dumps(each) + "\n" for each in said))
    assert sorted(len(shared(path, number, 4)) for number in range(4)) == [0, 0, 0, 40]


def test_a_line_that_came_after_the_survey_is_of_one_process(tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl"
    said = [{"type": "track", "event": "X", "timestamp": AT, "userId": f"user-{n}"} for n in range(40)]
    path.write_text("".join(json.dumps(each) + "\n" for each in said[:20]))
    found = shares(str(path), PROCESSES)
    path.write_text("".join(json.dumps(each) + "\n" for each in said))
    numbers: list[int] = []
    for number in range(PROCESSES):
        with closing(opened(Piece(str(path)))) as file:
            arrived = Shared(str(path), file, decoder(), found, number).read()
        assert arrived is not None
        numbers += [at for at, means in zip(arrived.numbers, arrived.decoded, strict=True) if means is not ANOTHERS]
    assert sorted(numbers) == list(range(1, 41))


def test_lines_are_shared_out_evenly_where_some_users_have_many(tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl"
    users = (f"user-{n % 90 * n % 100}" for n in range(9_000))
    said = [{"type": "track", "event": "X", "timestamp": AT, "userId": user} for user in users]
    path.write_text("".join(json.dumps(each) + "\n" for each in said))
    assert all(2_900 < len(shared(path, number, 3)) < 3_100 for number in range(3))


PRICE = {"id": "p1", "unit_amount": 1000, "currency": "usd", "recurring": {"interval": "month", "interval_count": 1}}
SUBSCRIPTION: dict[str, object] = {"id": "sub", "object": "subscription", "customer": "cus_1", "status": "active"}
SUBSCRIPTION |= {"items": {"data": [{"quantity": 1, "price": PRICE}]}}


def told_by_stripe(user: str, had: str) -> bytes:
    """That a subscription is a user's from now on, and was another's."""
    of = {
        "object": SUBSCRIPTION | {"metadata": {"user_id": user}},
        "previous_attributes": {"metadata": {"user_id": had}},
    }
    kind = "customer.subscription.updated"
    return json.dumps(
        {"object": "event", "id": f"evt_{user}", "type": kind, "created": 1_772_366_400, "data": of}
    ).encode()


def test_who_a_subscription_is_taken_from_is_of_the_process_of_whom_it_is_given_to(tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl"
    path.write_bytes(b"\n".join(told_by_stripe(f"new-{n}", f"old-{n}") for n in range(40)))
    found = shares(str(path), PROCESSES)
    assert all(found.process_of(f"old-{n}") == found.process_of(f"new-{n}") for n in range(40))


def test_an_alias_in_a_trait_within_a_trait_is_of_the_process_of_its_user(tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl"
    traits = ({"crm": {"schlüssel": f"alias-{n}"}} for n in range(40))
    said = [
        {"type": "identify", "userId": f"user-{n}", "timestamp": AT, "traits": each} for n, each in enumerate(traits)
    ]
    path.write_text("".join(json.dumps(each) + "\n" for each in said))
    settings = Settings(link_traits=frozenset({"crm.schlüssel"}))
    surveyor = Surveyor(HistoryDecoder(Decoder(Reads({}), InputOptions.of(settings)), {}), settings)
    found = Shares(PROCESSES, {piece: surveyor.look_through(piece) for piece in pieces(str(path))})
    assert all(found.process_of(f"alias-{n}") == found.process_of(f"user-{n}") for n in range(40))


def test_users_of_whom_only_decoding_tells_are_shared_out_too(tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl"
    said = [{"type": "track", "event": "X", "timestamp": AT, "userId": f"üser-{n}"} for n in range(900)]
    path.write_text("".join(json.dumps(each) + "\n" for each in said))
    assert all(200 < len(shared(path, number, 3)) < 400 for number in range(3))
