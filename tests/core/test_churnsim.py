"""The engine against the judge on real input: accounts of a social network, and rules that use every function."""

from collections import Counter
from itertools import takewhile
from typing import Final

import pytest

from streams.core.instants import DAY_MS
from streams.core.language.vocabulary import CLOCKS, FUNCTIONS, OPTIONS, SCORES
from tests import churnsim
from tests.core.harness import owed

ACCOUNTS: Final = 15
START_MS: Final = 1_577_836_800_000  # 2020-01-01T00:00Z
END_MS: Final = START_MS + 30 * DAY_MS
EVENTS: Final = range(10, 80)  # of an account: enough to tell of, soon judged. `python -m tests.churnsim` takes all.


def test_the_rules_use_every_function() -> None:
    text = " ".join([*churnsim.SEGMENTS.values(), *churnsim.LEVELS.values(), *churnsim.MEASURES])
    words = [f"{name}(" for name in FUNCTIONS] + [f"{name}=" for name in OPTIONS]
    words += [*CLOCKS, *(f"rfm.{part}" for part in SCORES)]
    assert [word for word in words if word not in text] == []


@pytest.mark.skipif(not churnsim.DATA.exists(), reason="the accounts are not on this machine")
def test_real_accounts_are_judged_alike_by_rules_of_every_function() -> None:
    events = [event for event in takewhile(lambda event: event.ts < END_MS, churnsim.events()) if event.ts >= START_MS]
    counts = Counter(event.subject for event in events)
    fitting = sorted(user for user, count in counts.items() if count in EVENTS)
    chosen = set(fitting[:: len(fitting) // ACCOUNTS][:ACCOUNTS])
    sample = [event for event in events if event.subject in chosen]
    expected = owed(churnsim.rulebook(), sample, until=END_MS)
    assert len(expected) == ACCOUNTS
    assert churnsim.reported(churnsim.rulebook(), sample, END_MS) == expected
