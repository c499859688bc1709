"""docs/semantics.md#what-is-sent: its numbers are the code's. What it says is held by the tests beside this."""

from hashlib import sha256
from typing import Final

import pytest

from streams.core.instants import DAY_MS
from streams.delivery import chance
from streams.delivery.decider import MOST_STANDING
from streams.delivery.decision import message_id
from streams.delivery.message import EXPIRES_MS, REMEMBERED_MS
from streams.web.feed.tokens import LONGEST_S
from tests.pages import ROOT

SECTION: Final = (ROOT / "docs/semantics.md").read_text().partition("\n## What is sent")[2].partition("\n## ")[0]


@pytest.mark.parametrize(
    "said",
    [
        f"A feed holds {MOST_STANDING};",
        f"is known for {REMEMBERED_MS // DAY_MS} days",
        f"for {LONGEST_S // 3600} hours at most",
        f"the first {chance.PARTS.bit_length() - 1} bits of SHA-256",
    ],
)
def test_a_number_is_the_one_of_the_code(said: str) -> None:
    assert said in SECTION


def test_where_no_expiry_is_named_a_message_is_known_as_long_as_it_may_stand() -> None:
    assert EXPIRES_MS <= REMEMBERED_MS


def test_an_id_and_a_holdout_are_worked_out_as_the_page_says() -> None:
    assert message_id("c", "m", "ann") == sha256(b"c\0m\0ann").hexdigest()
    bits = int.from_bytes(sha256(b"salt\0nudges\0ann").digest()) >> (256 - 53)
    at = bits / 2**53
    assert chance.is_held_out("salt", "nudges", "ann", at + 1e-9)
    assert not chance.is_held_out("salt", "nudges", "ann", at)
