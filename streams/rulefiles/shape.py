"""The shape of a segment's file: which keys there are, and what stands behind each.

Comes in: a document. Goes out: a `SegmentFile` if there are no faults, and the faults.
"""

import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from streams.core.instants import parse_duration
from streams.core.language.faults import did_you_mean, nearest
from streams.errors import Fault
from streams.rulefiles.document import Document

MAX_STAY_MS = 3_660 * 86_400_000  # ten years, as for windows
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
NOT_YET = ("tier", "scores")
WRONG = {
    "string_type": ("a text belongs here", ""),
    "string_too_short": ("this is empty", ""),
    "list_type": ("a list belongs here", "such as [plan, company.name]"),
    "dict_type": ("`name: text` pairs belong here", "such as {owner: customer-success}"),
}


def _segment_name(text: str) -> str:
    if not NAME.fullmatch(text):
        hint = "up to 100 of a-z, A-Z, 0-9, `-`, `_` and `.`, beginning with a letter or digit"
        raise PydanticCustomError("name", "this cannot be the name of a segment", {"hint": hint})
    return text


def _stay_ms(text: object) -> int:
    duration_ms = parse_duration(text) if isinstance(text, str) and len(text) < 20 else None
    if duration_ms is None or duration_ms > MAX_STAY_MS:
        raise PydanticCustomError(
            "stay", "this is no length of time", {"hint": "such as 90s, 30m, 12h or 1d, up to 3660d"}
        )
    return duration_ms


class SegmentFile(BaseModel):
    """What the file of a segment holds. Every scalar comes as text."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    segment: Annotated[str, AfterValidator(_segment_name)]
    description: str = ""
    enter: str
    exit: str | None = None
    min_stay: Annotated[int, BeforeValidator(_stay_ms)] = 0
    include: list[Annotated[str, Field(min_length=1)]] = []
    labels: dict[str, str] = {}


def check_shape(document: Document) -> tuple[SegmentFile | None, list[Fault]]:
    for key in NOT_YET:
        if key in document.data and "segment" not in document.data:
            message = "this version runs segments only; tiers and scores come in a later one"
            return None, [document.at_key((key,), message, "take the file out of the folder until then")]
    try:
        return SegmentFile.model_validate(document.data), []
    except ValidationError as error:
        return None, list(_faults(document, error.errors()))


def _faults(document: Document, errors: list[ErrorDetails]) -> Iterator[Fault]:
    known = list(SegmentFile.model_fields)
    unknown = [error["loc"] for error in errors if error["type"] == "extra_forbidden"]
    misspelt = {nearest(str(key), known) for (key,) in unknown}
    for error in errors:
        location, kind = error["loc"], error["type"]
        if kind == "extra_forbidden":
            hint = did_you_mean(str(location[0]), known) or f"a segment has {', '.join(known)}"
            yield document.at_key(location, f"there is no key `{location[0]}`", hint)
        elif kind == "missing" and location[0] not in misspelt:
            yield document.at_start(f"`{location[0]}` is missing", _example(document, str(location[0])))
        elif kind != "missing":
            message, hint = WRONG.get(kind, (error["msg"], error.get("ctx", {}).get("hint", "")))
            yield document.at_value(location, message, hint)


def _example(document: Document, key: str) -> str:
    return f"segment: {document.stem}" if key == "segment" else "such as enter: idle_days >= 7"
