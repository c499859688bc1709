"""The simulated company: the same for the same seed, in time order, and with something to see for every rule."""

import json
from collections import Counter
from itertools import pairwise, takewhile
from pathlib import Path

import pytest

from streams import rulefiles
from streams.core.events import Event, Reads
from streams.core.instants import DAY_MS, format_time
from streams.demo.people import Habit
from streams.demo.simulator import Company, Sent
from streams.rulefiles.folder import find
from streams.testing import changes, instant
from tests.decoders import Decoder

START_MS = instant("2026-03-02")  # a Monday
RULES = Path(__file__).parents[2] / "rules"


def days(users: int, number: int, seed: int = 1) -> list[Sent]:
    end_ms = START_MS + number * DAY_MS
    return list(takewhile(lambda sent: sent.at_ms < end_ms, Company(users, START_MS, seed).records()))


def test_the_same_seed_is_the_same_company() -> None:
    assert days(users=50, number=20) == days(users=50, number=20)
    assert days(users=50, number=20) != days(users=50, number=20, seed=2)


def test_records_are_in_time_order_and_bear_the_time_they_happened() -> None:
    sent = days(users=100, number=30)
    assert all(one.at_ms <= other.at_ms for one, other in pairwise(sent))
    assert all(each.record["timestamp"] == format_time(each.at_ms) for each in sent)


def test_it_begins_at_midnight_of_the_day_it_is_told() -> None:
    assert next(Company(10, START_MS + 12_345, seed=1).records()).at_ms == START_MS


def test_no_message_id_is_used_twice() -> None:
    ids = [sent.record["messageId"] for sent in days(users=100, number=20)]
    assert len(set(ids)) == len(ids)


def test_every_record_can_be_used() -> None:
    decoder = Decoder(Reads({}))
    for sent in days(users=100, number=40):
        decode = decoder.billing if sent.topic == "billing-updates" else decoder.product
        decoded = decode(json.dumps(sent.record).encode(), sent.user.encode(), sent.at_ms)
        assert isinstance(decoded, Event), sent
        assert decoded.subject == sent.user


def test_working_days_are_busier_than_weekends() -> None:
    visits = Counter((s.at_ms - START_MS) // DAY_MS % 7 for s in days(300, 28) if s.record.get("event") == "Signed In")
    assert min(visits[day] for day in range(5)) > 2 * max(visits[day] for day in (5, 6))


def test_people_keep_their_habits() -> None:
    assert {type(person.habit) for person in Company(20, START_MS)._people} == {Habit}


@pytest.fixture(scope="module")
def flips() -> Counter[tuple[str, bool]]:
    """(rule, entered) -> how often, in eight weeks of a small company under the rules that ship."""
    found = changes(rulefiles.load(RULES), [sent.record for sent in days(users=300, number=56)])
    return Counter((change.rule, change.entered) for change in found)


@pytest.mark.parametrize("rule", sorted(path.stem for path in find(RULES)[0] if path.parent == RULES))
def test_every_shipped_rule_sees_entries_and_exits(rule: str, flips: Counter[tuple[str, bool]]) -> None:
    assert flips[rule, True] > 0
    assert flips[rule, False] > 0
