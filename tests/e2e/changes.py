"""The changes that workers tell, in a form in which they can be compared with those of the engine alone.

Comes in: changes as JSON. Goes out: by user, each once, without what depends on when it was noticed.
"""

from collections.abc import Sequence
from typing import Any, Final

from jsonschema import Draft7Validator

from streams.schemas.files import SCHEMAS
from tests.e2e.pipeline import Pipeline, Seen

CHANGE: Final = Draft7Validator(SCHEMAS["change"])
STAMPS = ("detected_at", "live")

Known = dict[str, list[dict[str, Any]]]


def by_user(values: Sequence[dict[str, Any]]) -> Known:
    """Each user's changes in order, each once, without what depends on when it was noticed."""
    found: Known = {}
    ids: dict[str, dict[str, Any]] = {}
    for value in values:
        CHANGE.validate(value)
        told = {name: each for name, each in value.items() if name not in STAMPS}
        if value["id"] in ids:
            assert told == ids[value["id"]], "a repeat of a change says something else"
            continue
        ids[value["id"]] = told
        found.setdefault(value["user_id"], []).append(told)
    return found


def told(pipeline: Pipeline, wanted: Known) -> Known:
    """What the workers tell, once it is as much as is wanted."""

    def enough(seen: list[Seen]) -> bool:
        return len({one.headers["ce_id"] for one in seen}) >= sum(map(len, wanted.values()))

    return by_user([one.json for one in pipeline.read("segment-changes", enough)])
