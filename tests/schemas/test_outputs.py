"""Schemas of what comes out hold for all that the rules that ship make of a simulated company."""

import json
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft7Validator

from streams import rulefiles
from streams.core.engine.refreshing import Refreshing
from streams.core.engine.shard import Shard
from streams.core.instants import DAY_MS
from streams.demo.simulator import Company
from streams.outputs.change import encode_change
from streams.outputs.membership import encode_segments
from streams.outputs.messages import Outputs
from streams.schemas.files import SCHEMAS
from streams.settings import Settings
from streams.testing import decoded, instant

CHANGE, MEMBERSHIP = (Draft7Validator(SCHEMAS[name]) for name in ("change", "membership"))
START: Final = instant("2026-03-01")
RULES: Final = Path(__file__).parents[2] / "rules"


@pytest.fixture(scope="module")
def outputs() -> dict[str, list[dict[str, Any]]]:
    """Of a hundred people in twenty days: changes as a worker and as a replay tells them, and memberships."""
    rulebook, told = rulefiles.load(RULES), Outputs(Settings())
    shard = Shard(rulebook)
    sent = takewhile(lambda each: each.at_ms < START + 20 * DAY_MS, Company(100, START).records())
    refreshing = Refreshing(shard)
    changes = [*refreshing.step(decoded(rulebook, [each.record for each in sent]))]
    changes += refreshing.pass_time(START + 60 * DAY_MS)
    users = list({change.subject: None for change in changes})
    standing = zip(users, map(encode_segments, shard.all_memberships(users)), strict=True)
    return {
        "live": [json.loads(told.change(each, each.occurred_at + 5).value or b"") for each in changes],
        "replayed": [json.loads(encode_change(each)) for each in changes],
        "memberships": [
            json.loads(told.memberships(user, where, "2026-05-01T00:00:00.000Z", 7).value or b"")
            for user, where in standing
        ],
    }


def test_changes_hold_to_their_schema(outputs: dict[str, list[dict[str, Any]]]) -> None:
    assert {change["type"] for change in outputs["live"]} == {"segment.entered", "segment.exited", "segment.changed"}
    for change in outputs["live"] + outputs["replayed"]:
        CHANGE.validate(change)


def test_memberships_hold_to_their_schema(outputs: dict[str, list[dict[str, Any]]]) -> None:
    assert any(where["segments"] for where in outputs["memberships"])
    for where in outputs["memberships"]:
        MEMBERSHIP.validate(where)


@pytest.mark.parametrize(
    "wrong",
    [
        {"schema": 2},
        {"id": "x"},
        {"type": "left"},
        {"previous": None},
        {"ordinal": 0},
        {"because": [{}]},
        {"kind": "x"},
    ],
)
def test_what_is_no_change_does_not_hold_to_it(outputs: dict[str, list[dict[str, Any]]], wrong: dict[str, Any]) -> None:
    entered = next(change for change in outputs["live"] if change["type"] == "segment.entered")
    assert not CHANGE.is_valid(entered | wrong)
