"""The forms of message files: the keys of each, and what may stand behind them.

Comes in: nothing; documents are held against them, editors are shown them. Goes out: `MessageFile`, `CapsFile`. Every
scalar comes as text; what holds between keys, and what the rules must have for it, `reading` says.
"""

import re
from collections.abc import Callable
from typing import Annotated, ClassVar, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from streams.core.instants import parse_duration
from streams.delivery.message import EXPIRES_MS, Cap
from streams.delivery.quiet import Quiet
from streams.rulefiles.forms import (
    DURATION,
    LONGEST_MS,
    NAME,
    NAME_HINT,
    SCALARS,
    Condition,
    FileForm,
    SomeText,
    Text,
    duration_ms,
    name_of,
    shown_as,
    wrong,
)

CAP: Final = rf"[1-9][0-9]{{0,5}} in {DURATION}"
CAP_HINT: Final = "such as 1 in 14d: at most so many in so long"
HOURS: Final = r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])"
HOURS_HINT: Final = "such as 21:00-08:00"
DELAY_HINT: Final = "such as 30m, 2h or 1d"
SHARE: Final = r"(?:[0-9]{1,2}(?:\.[0-9]{1,2})?|100)%"
SHARE_HINT: Final = "such as 10%"
TRIGGER: Final = r"(enters|leaves|becomes) (\S+)"
TRIGGER_HINT: Final = "write `enters SEGMENT`, `leaves SEGMENT` or `becomes TIER/LEVEL`"
PAGE: Final = r"[/*]\S*"
MOST_TRIGGERS: Final = 20


def _cap(text: object) -> Cap:
    found = re.fullmatch(CAP, text) if isinstance(text, str) else None
    within_ms = parse_duration(found[0].partition(" in ")[2]) if found else None
    if found is None or not within_ms or within_ms > LONGEST_MS:
        raise wrong("this is no cap", CAP_HINT)
    return Cap(int(found[0].partition(" ")[0]), within_ms, found[0])


def _quiet(text: object) -> Quiet:
    found = re.fullmatch(HOURS, text) if isinstance(text, str) else None
    if found is None or found[1] + found[2] == found[3] + found[4]:
        raise wrong("these are no quiet hours", HOURS_HINT)
    hours = [int(part) for part in found.groups()]
    return Quiet(hours[0] * 60 + hours[1], hours[2] * 60 + hours[3])


def _share(text: object) -> float:
    if not isinstance(text, str) or not re.fullmatch(SHARE, text):
        raise wrong("this is no share", SHARE_HINT)
    return float(text.removesuffix("%")) / 100


def _truth(text: object) -> bool:
    if text not in ("true", "false"):
        raise wrong("this can only be true or false", "such as true")
    return text == "true"


def _whole(text: object) -> int:
    if not isinstance(text, str) or not re.fullmatch(r"-?[0-9]{1,6}", text):
        raise wrong("a whole number belongs here", "such as 50")
    return int(text)


def _one_or_more(text: object) -> object:
    return [text] if isinstance(text, str) else text


def _matches(pattern: str, message: str, hint: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise wrong(message, hint)
        return text

    return check


_trigger = _matches(TRIGGER, "this is no change of a segment", TRIGGER_HINT)
_page = _matches(PAGE, "this is no path", "such as /reports*")

MessageName = Annotated[str, AfterValidator(name_of("message")), shown_as(SCALARS, NAME, NAME_HINT)]
GroupName = Annotated[str, AfterValidator(name_of("group")), shown_as(SCALARS, NAME, NAME_HINT)]
VariantName = Annotated[str, AfterValidator(name_of("variant")), shown_as(SCALARS, NAME, NAME_HINT)]
CapText = Annotated[Cap, BeforeValidator(_cap), shown_as(["string"], CAP, CAP_HINT)]
QuietText = Annotated[Quiet, BeforeValidator(_quiet), shown_as(["string"], HOURS, HOURS_HINT)]
ShareText = Annotated[float, BeforeValidator(_share), shown_as(["string"], SHARE, SHARE_HINT)]
TruthText = Annotated[bool, BeforeValidator(_truth), shown_as(["boolean"])]
WholeText = Annotated[int, BeforeValidator(_whole), shown_as(["integer"])]
Delay = Annotated[int, BeforeValidator(duration_ms(0, DELAY_HINT)), shown_as(["string"], DURATION, DELAY_HINT)]
Expiry = Annotated[int, BeforeValidator(duration_ms(1, DELAY_HINT)), shown_as(["string"], DURATION, DELAY_HINT)]
TriggerText = Annotated[str, AfterValidator(_trigger), shown_as(["string"], TRIGGER, TRIGGER_HINT)]
Triggers = Annotated[list[TriggerText], Field(min_length=1, max_length=MOST_TRIGGERS), BeforeValidator(_one_or_more)]
PageText = Annotated[str, AfterValidator(_page), shown_as(["string"], PAGE, "such as /reports*")]


class Part(BaseModel):
    """A part of a file."""

    called: ClassVar[str]
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class PerUserFile(Part):
    """At most so many to one user within so long."""

    called: ClassVar[str] = "a cap"
    per_user: CapText = Field(description="To one user.", examples=["1 in 14d"])


class ActionFile(Part):
    """A button, and where it leads."""

    called: ClassVar[str] = "an action"
    label: SomeText = Field(description="What stands on it.", examples=["Open reports"])
    href: SomeText = Field(description="https, or a path of the page's own origin.", examples=["/reports"])


class ContentFile(Part):
    """What one variant says."""

    called: ClassVar[str] = "a variant"
    title: SomeText = Field(description="Its first line.", examples=["We miss you"])
    body: Text = Field("", description="The text below it.")
    action: ActionFile | None = Field(None, description="A button, and where it leads.")


class MessageFile(FileForm):
    """A message that is sent when somebody enters or leaves a segment."""

    model_config = ConfigDict(title="Message")
    key = "message"
    called = "this message"

    message: MessageName = Field(description="The message's name, which is its file's too.", examples=["come-back"])
    description: Text = Field("", description="What it is for, for people.")
    on: Triggers = Field(
        description="`enters SEGMENT`, `leaves SEGMENT`, `becomes TIER/LEVEL`, or a list of them.",
        examples=["enters churn-risk"],
        json_schema_extra={"type": ["array", "string"]},
    )
    only: Condition | None = Field(
        None, description="A condition on what the change carries.", examples=['plan in ["pro", "team"]']
    )
    state: Literal["live", "off"] = Field("live", description="Whether it is sent.")
    channel: Literal["in_app", "webhook", "kafka", "log"] = Field("in_app", description="By which way it goes.")
    endpoint: SomeText | None = Field(None, description="Of webhooks: one of webhooks.yaml.", examples=["crm"])
    kind: Literal["card", "banner", "modal"] = Field("card", description="How it shows in the app.")
    pages: list[PageText] = Field([], description="On which paths it may show.", examples=[["/reports*"]])
    delay: Delay = Field(0, description="Then it is sent, to whoever is still in.", examples=["2h"])
    withdraw: TruthText = Field(False, description="Whether it goes when its user leaves the segment.")
    expires: Expiry = Field(EXPIRES_MS, description="How long after the change it may stand or wait.", examples=["7d"])
    cap: PerUserFile | None = Field(None, description="At most so many.", examples=[{"per_user": "1 in 14d"}])
    group: GroupName | None = Field(None, description="Whose cap and holdout it shares.", examples=["nudges"])
    quiet: QuietText | None = Field(
        None, description="When nobody is disturbed, where the user lives.", examples=["21:00-08:00"]
    )
    priority: WholeText = Field(0, description="The greater goes first.", examples=["50"])
    holdout: ShareText = Field(0.0, description="Who never gets it, to compare with.", examples=["10%"])
    title: SomeText | None = Field(None, description="Its first line.", examples=["We miss you"])
    body: Text = Field("", description="The text below it.")
    action: ActionFile | None = Field(
        None, description="A button.", examples=[{"label": "Open reports", "href": "/reports"}]
    )
    variants: dict[VariantName, ContentFile] = Field(
        {}, description="Several texts, each for as many users as the others.", max_length=20
    )
    data: dict[str, Text] = Field({}, description="For whoever shows it.", examples=[{"campaign": "winter"}])


class CapsFile(FileForm):
    """What all messages share."""

    model_config = ConfigDict(title="Caps")
    key = ""
    called = "this file"

    all: PerUserFile | None = Field(None, description="Of all messages.", examples=[{"per_user": "3 in 1d"}])
    groups: dict[GroupName, PerUserFile] = Field(
        {}, description="Of each group.", examples=[{"nudges": {"per_user": "2 in 7d"}}]
    )
    salt: SomeText = Field("segmenter", description="Another one holds other users out.", examples=["2026"])
