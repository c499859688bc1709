"""The engine against the judge on real input: accounts of a social network, and rules that use every function."""

from collections import Counter
from collections.abc import Sequence
from itertools import takewhile
from typing import Final

import pytest
from msgspec.structs import replace

from streams.core.events import Event
from streams.core.identities.identities import Identities
from streams.core.instants import DAY_MS
from streams.core.language.vocabulary import CLOCKS, FUNCTIONS, OPTIONS, SCORES
from streams.core.links import How, Link, Linking, Unlinked
from tests import churnsim
from tests.core.harness import Engine, owed

ACCOUNTS: Final = 15
START_MS: Final = 1_577_836_800_000  # 2020-01-01T00:00Z
END_MS: Final = START_MS + 30 * DAY_MS
KEEP_MS: Final = 90 * DAY_MS
EVENTS: Final = range(10, 80)  # of an account: enough to tell of, soon judged. `python -m tests.churnsim` takes all.


def test_the_rules_use_every_function() -> None:
    text = " ".join([*churnsim.SEGMENTS.values(), *churnsim.LEVELS.values(), *churnsim.MEASURES])
    words = [f"{name}(" for name in FUNCTIONS] + [f"{name}=" for name in OPTIONS]
    words += [*CLOCKS, *(f"rfm.{part}" for part in SCORES)]
    assert [word for word in words if word not in text] == []


def sampled() -> list[Event]:
    """What some accounts did."""
    events = [event for event in takewhile(lambda event: event.ts < END_MS, churnsim.events()) if event.ts >= START_MS]
    counts = Counter(event.subject for event in events)
    fitting = sorted(user for user, count in counts.items() if count in EVENTS)
    chosen = set(fitting[:: len(fitting) // ACCOUNTS][:ACCOUNTS])
    return [event for event in events if event.subject in chosen]


@pytest.mark.skipif(not churnsim.DATA.exists(), reason="the accounts are not on this machine")
def test_real_accounts_are_judged_alike_by_rules_of_every_function() -> None:
    sample = sampled()
    expected = owed(churnsim.rulebook(), sample, until=END_MS)
    assert len(expected) == ACCOUNTS
    assert churnsim.reported(churnsim.rulebook(), sample, END_MS) == expected


@pytest.mark.skipif(not churnsim.DATA.exists(), reason="the accounts are not on this machine")
def test_real_accounts_that_came_anonymously_first_change_as_ever_once_they_are_linked() -> None:
    sample = sampled()
    first, linked = anonymous_first(sample)
    engine = Engine(churnsim.rulebook())
    identities = Identities.empty(engine.shard, KEEP_MS)
    for turn in identities.turns(first):
        engine.apply(turn)
    engine.pass_time(END_MS)
    plain = churnsim.reported(churnsim.rulebook(), sample, END_MS)
    assert len(linked) == ACCOUNTS
    assert not len(identities.aliases)
    for user, at_ms in linked.items():
        later = [[each for each in said[user] if each.occurred_at > at_ms] for said in (plain, engine.reported)]
        assert [each._replace(ordinal=0) for each in later[1]] == [each._replace(ordinal=0) for each in later[0]]
        assert later[0]


def anonymous_first(sample: Sequence[Event]) -> tuple[list[Event], dict[str, int]]:
    """What the first half of each account's events is when nobody had signed in yet; and when each did (ms)."""
    counts, seen = Counter(event.subject for event in sample), Counter[str]()
    found, linked = list[Event](), dict[str, int]()
    for event in sample:
        user = event.subject
        seen[user] += 1
        if event.touches_ledger:
            found.append(event)
        elif seen[user] <= counts[user] // 2:
            found.append(replace(event, subject=f"device of {user}", identity=Unlinked()))
        else:
            linked.setdefault(user, event.ts)
            link = Link(f"device of {user}", How.ANONYMOUS)
            found.append(replace(event, identity=Linking((link,))))
    return found, linked
