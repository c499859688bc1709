"""The three forms of a rule file: the keys of each, and what may stand behind them.

Comes in: nothing; `shape` holds documents against them, `schema` shows them to editors. Goes out: `FORMS`, by the key
that names the rule. Every scalar comes as text; what holds between keys or between levels is for `shape` to say.
"""

import math
import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from streams.core.instants import parse_duration
from streams.core.language.vocabulary import is_scores_name

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
LONGEST_MS: Final = 3_660 * 86_400_000  # ten years, as for windows
NAME: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
WORD: Final = r"[A-Za-z][A-Za-z0-9_]{0,99}"
NUMBER: Final = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
NAME_HINT: Final = "up to 100 of a-z, A-Z, 0-9, `-`, `_` and `.`, beginning with a letter or digit"
WORD_HINT: Final = "up to 100 of a-z, A-Z, 0-9 and `_`, beginning with a letter, as rules read it: rfm.r"
OTHERWISE: Final = "otherwise"


def is_otherwise(text: object) -> bool:
    """Whether this is the condition of a tier's last level."""
    return isinstance(text, str) and text.strip() == OTHERWISE


def wrong(message: str, hint: str) -> PydanticCustomError:
    return PydanticCustomError("wrong", "{message}", {"message": message, "hint": hint})


def name_of(of: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not re.fullmatch(NAME, text):
            raise wrong(f"this cannot be the name of a {of}", NAME_HINT)
        return text

    return check


def _scores_name(text: str) -> str:
    if not re.fullmatch(WORD, text):
        raise wrong("this cannot be the name of scores", WORD_HINT)
    if not is_scores_name(text):
        raise wrong(f"`{text}` means something else in expressions", "another name, such as `rfm`")
    return text


def duration_ms(least_ms: int, hint: str) -> Callable[[object], int]:
    def parse(text: object) -> int:
        duration_ms = parse_duration(text) if isinstance(text, str) and len(text) < 20 else None
        if duration_ms is None or not least_ms <= duration_ms <= LONGEST_MS:
            raise wrong("this is no length of time", hint)
        return duration_ms

    return parse


def _number(text: object) -> float:
    number = float(text) if isinstance(text, str) and NUMBER.fullmatch(text) else math.inf
    if math.isinf(number):
        raise wrong("a number belongs here", "such as 7 or 0.5")
    return number


def _ascending(edges: list[float]) -> list[float]:
    if any(lower >= higher for lower, higher in pairwise(edges)):
        raise wrong("edges ascend: each is greater than the one before it", "such as [1, 7, 14, 30]")
    return edges


def shown_as(types: list[str], pattern: str = "", message: str = "") -> WithJsonSchema:
    """What an editor is told. Its YAML knows numbers and booleans; here they are texts like any other."""
    said: dict[str, Any] = {"type": types}
    if pattern:
        said |= {"pattern": f"^{pattern}$", "patternErrorMessage": message}
    return WithJsonSchema(said)


SCALARS: Final = ["string", "number", "boolean"]
DURATION: Final = "[0-9]{1,9}[smhd]"
STAY_HINT: Final = "such as 90s, 30m, 12h or 1d, up to 3660d"
REFRESH_HINT: Final = "such as 30m, 1h or 1d, at least 1m"

Text = Annotated[str, shown_as([*SCALARS, "null"])]
SomeText = Annotated[str, Field(min_length=1), shown_as(SCALARS)]
Condition = Annotated[str, Field(min_length=1), shown_as(["string", "boolean"])]
Value = Annotated[str, Field(min_length=1), shown_as(["string", "number"])]
SegmentName = Annotated[str, AfterValidator(name_of("segment")), shown_as(SCALARS, NAME, NAME_HINT)]
TierName = Annotated[str, AfterValidator(name_of("tier")), shown_as(SCALARS, NAME, NAME_HINT)]
LevelName = Annotated[str, AfterValidator(name_of("level")), shown_as(["string"], NAME, NAME_HINT)]
ScoresName = Annotated[str, AfterValidator(_scores_name), shown_as(["string"], WORD, WORD_HINT)]
Stay = Annotated[int, BeforeValidator(duration_ms(0, STAY_HINT)), shown_as(["string"], DURATION, STAY_HINT)]
Refresh = Annotated[
    int, BeforeValidator(duration_ms(MINUTE_MS, REFRESH_HINT)), shown_as(["string"], DURATION, REFRESH_HINT)
]
Edge = Annotated[float, BeforeValidator(_number), shown_as(["number"])]
FourEdges = Annotated[list[Edge], Field(min_length=4, max_length=4), AfterValidator(_ascending)]


class FileForm(BaseModel):
    """What a file may say.

    `key` names what it is about, by a name of `pattern` (empty where there is one such file alone); faults speak
    of it as `called`.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    key: ClassVar[str]
    called: ClassVar[str]
    pattern: ClassVar[str] = NAME


class Form(FileForm):
    """What the file of any rule may say."""

    description: Text = Field("", description="What the rule is about, for people.")
    include: list[SomeText] = Field(
        [], description="Traits that its changes carry.", examples=[["plan", "company.name"]]
    )
    labels: dict[str, Text] = Field(
        {}, description="Notes of your own, such as an owner.", examples=[{"owner": "customer-success"}]
    )
    state: Literal["live", "shadow"] = Field(
        "live",
        description="`shadow` to try it: it is evaluated and explained, and nobody is told of it.",
        examples=["shadow"],
    )


class SegmentFile(Form):
    """A segment: a profile is in or out."""

    model_config = ConfigDict(title="Segment")
    key = "segment"
    called = "this segment"

    segment: SegmentName = Field(description="The segment's name, which is its file's too.", examples=["churn-risk"])
    enter: Condition = Field(description="Who is in, from the instant it holds.", examples=["idle_days >= 7"])
    exit: Condition | None = Field(
        None,
        description="When a member leaves; without it, when `enter` no longer holds.",
        examples=["idle_days < 1"],
    )
    min_stay: Stay = Field(0, description="May not leave earlier than this after entering.", examples=["1d"])


class TierFile(Form):
    """A tier: a profile is in exactly one of its levels."""

    model_config = ConfigDict(title="Tier")
    key = "tier"
    called = "this tier"

    tier: TierName = Field(description="The tier's name, which is its file's too.", examples=["lifecycle"])
    levels: dict[LevelName, Condition] = Field(
        min_length=2,
        max_length=100,
        json_schema_extra={"additionalProperties": False},
        description="Each level and its condition; the first that holds is the profile's. The last is `otherwise`.",
        examples=[{"new": "tenure_days < 14", "active": OTHERWISE}],
    )


class EdgesFile(BaseModel):
    """Four ascending edges a score; a value equal to an edge is on the better side."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, title="Edges")
    called: ClassVar[str] = "these edges"

    r: FourEdges = Field(description="Edges of recency, where less is better.", examples=[[1, 7, 14, 30]])
    f: FourEdges = Field(description="Edges of frequency.", examples=[[2, 5, 10, 20]])
    m: FourEdges = Field(description="Edges of monetary value.", examples=[[10, 50, 100, 500]])


class ScoresFile(Form):
    """RFM scores from 1 to 5, and the named segments made of them."""

    model_config = ConfigDict(
        title="Scores",
        json_schema_extra={
            "oneOf": [{"required": ["method"]}, {"required": ["fixed"]}],
            "dependencies": {"refresh": ["method"]},
        },
    )
    key = "scores"
    called = "these scores"
    pattern = WORD

    scores: ScoresName = Field(description="The name that rules read them by, and the file's too.", examples=["rfm"])
    recency: Value = Field(description="A number; less is better.", examples=["idle_days"])
    frequency: Value = Field(description="A number; more is better.", examples=["active_days(days=90)"])
    monetary: Value = Field(description="A number; more is better.", examples=["mrr"])
    among: Condition | None = Field(
        None, description="Who is scored, and counts for the edges; without it, everybody.", examples=["paying"]
    )
    method: Literal["quintiles"] | None = Field(
        None, description="Edges made from all profiles, a fifth of them in each score."
    )
    fixed: EdgesFile | None = Field(
        None,
        description="Edges of your own, instead of `method`.",
        examples=[{"r": [1, 7, 14, 30], "f": [2, 5, 10, 20], "m": [10, 50, 100, 500]}],
    )
    refresh: Refresh = Field(HOUR_MS, description="How often quintile edges are made anew.", examples=["1h"])


FORMS: Final[Mapping[str, type[Form]]] = {form.key: form for form in (SegmentFile, TierFile, ScoresFile)}
