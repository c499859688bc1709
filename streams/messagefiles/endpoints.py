"""The file of endpoints, `webhooks.yaml` beside the rules: who gets webhooks.

    endpoints:
      crm:
        url: https://crm.example.com/hooks
        segments: [churn-risk, lifecycle/power]
        secret: CRM_WEBHOOK_SECRET

Comes in: a document, and the rules. Goes out: endpoints by name, or what is wrong with the file.
"""

import ipaddress
import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from streams.core.language.faults import did_you_mean
from streams.core.rules.rulebook import Rulebook
from streams.delivery.webhook import Endpoint
from streams.errors import Fault
from streams.messagefiles.forms import Part, TruthText
from streams.rulefiles.document import Document
from streams.rulefiles.forms import NAME, NAME_HINT, SCALARS, FileForm, SomeText, name_of, shown_as, wrong
from streams.rulefiles.shape import check_shape

ALL: Final = "all"
VARIABLE: Final = r"[A-Za-z_][A-Za-z0-9_]{0,99}"
VARIABLE_HINT: Final = "the name of an environment variable that holds it, such as CRM_WEBHOOK_SECRET"
URL: Final = r"https?://[^\s/?#@]+(?:/[^\s#]*)?"
URL_HINT: Final = "such as https://crm.example.com/hooks"
OURS: Final = ("webhook-id", "webhook-timestamp", "webhook-signature", "content-type", "content-length", "host")
HEADER: Final = r"[A-Za-z0-9-]{1,100}"


def _url(text: str) -> str:
    if not re.fullmatch(URL, text) or not _has_plain_host(text):
        raise wrong("this is no address", URL_HINT)
    return text


def _has_plain_host(url: str) -> bool:
    """Not a number that some take for an address: 2130706433, 127.1, 0x7f.1."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        assert parts.port is None or parts.port > 0
    except (ValueError, AssertionError):
        return False
    last = host.rpartition(".")[2]
    if not re.fullmatch(r"[0-9]+|0[xX][0-9a-fA-F]*", last) and ":" not in host:
        return bool(host)
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _variable(text: str) -> str:
    if not re.fullmatch(VARIABLE, text):
        raise wrong("a secret does not stand in a file", VARIABLE_HINT)
    return text


def _header(text: str) -> str:
    if not re.fullmatch(HEADER, text) or text.lower() in OURS:
        raise wrong("this header cannot be set", "such as X-Team")
    return text


def _one_or_more(text: object) -> object:
    return [text] if isinstance(text, str) else text


EndpointName = Annotated[str, AfterValidator(name_of("endpoint")), shown_as(SCALARS, NAME, NAME_HINT)]
Address = Annotated[str, AfterValidator(_url), shown_as(["string"], URL, URL_HINT)]
Variable = Annotated[str, AfterValidator(_variable), shown_as(["string"], VARIABLE, VARIABLE_HINT)]
HeaderName = Annotated[str, AfterValidator(_header), shown_as(["string"], HEADER, "such as X-Team")]
Variables = Annotated[list[Variable], Field(min_length=1, max_length=2), BeforeValidator(_one_or_more)]
Names = Annotated[list[SomeText], BeforeValidator(_one_or_more)]


class EndpointFile(Part):
    """An endpoint, and what it gets."""

    called = "an endpoint"
    url: Address = Field(description="Where it is posted to.", examples=["https://crm.example.com/hooks"])
    secret: Variables = Field(
        description="The name of a variable of the environment that has the secret; of two, the new one first.",
        examples=["CRM_WEBHOOK_SECRET"],
        json_schema_extra={"type": ["array", "string"]},
    )
    segments: Names = Field(
        [],
        description="Whose changes it gets: segments, tiers or levels, or `all`.",
        examples=[["churn-risk"]],
        json_schema_extra={"type": ["array", "string"]},
    )
    headers: dict[HeaderName, SomeText] = Field({}, description="Sent along.", examples=[{"X-Team": "growth"}])
    live_only: TruthText = Field(False, description="Whether old news is left out.")
    form: Literal["change", "segment"] = Field("change", description="A change, or what Segment's Engage sends.")


class EndpointsFile(FileForm):
    """Who gets webhooks."""

    model_config = ConfigDict(title="Webhooks")
    key = ""
    called = "this file"

    endpoints: dict[EndpointName, EndpointFile] = Field(description="By name.", min_length=1)


def read_endpoints(document: Document, rulebook: Rulebook | None) -> tuple[Mapping[str, Endpoint], list[Fault]]:
    form, faults = check_shape(document, EndpointsFile)
    if form is None:
        return {}, faults
    known = [ALL, *(() if rulebook is None else (*rulebook.names, *rulebook.segments))]
    for name, endpoint in form.endpoints.items():
        for place, segment in enumerate(endpoint.segments):
            if rulebook is not None and segment not in known:
                at = ("endpoints", name, "segments", place)
                where = at if at in document.values else at[:-1]
                hint = did_you_mean(segment, known)
                faults.append(document.at_value(where, f"no rule makes a segment `{segment}`", hint))
    return {name: _endpoint(name, endpoint) for name, endpoint in form.endpoints.items()}, faults


def _endpoint(name: str, form: EndpointFile) -> Endpoint:
    segments = None if ALL in form.segments else frozenset(form.segments)
    return Endpoint(name, form.url, segments, tuple(form.secret), form.headers, form.live_only, form.form)
