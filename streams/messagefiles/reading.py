"""One message file, held against the rules that it is about.

Comes in: a document, and the rules. Goes out: a `Message`, or what is wrong with the file, each fault where it stands.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from streams.core.compiler.event_filters import asked
from streams.core.language.changes import parse_of_change
from streams.core.language.faults import ExpressionFaults, did_you_mean
from streams.core.rules.rulebook import Grouping, Rulebook, Segment
from streams.delivery.message import Content, Message, Trigger
from streams.delivery.templates import Template, template
from streams.errors import Fault
from streams.messagefiles.forms import ActionFile, ContentFile, MessageFile
from streams.rulefiles.document import Document, Location
from streams.rulefiles.reading import placed
from streams.rulefiles.shape import check_shape

T = TypeVar("T")

LONGEST: Final = {"title": 200, "body": 4_000, "label": 80, "href": 2_000}
OWN_PATH: Final = re.compile(r"/(?![/\\])")
HTTPS: Final = re.compile(r"https://[A-Za-z0-9.-]+(?::[0-9]+)?(?=[/?#]|$)")
HREF_HINT: Final = "write https://.. with the whole host, or a path such as /reports"
OF_THE_APP: Final = ("kind", "pages", "withdraw")


@dataclass
class MessageReading:
    """What could be made of a file, and what is wrong with it. Without faults, `message` is there."""

    document: Document
    rulebook: Rulebook | None
    message: Message | None = None
    form: MessageFile | None = None
    faults: list[Fault] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.document.stem if self.form is None else self.form.message


def read_message(document: Document, rulebook: Rulebook | None, endpoints: Collection[str] = ()) -> MessageReading:
    """rulebook: None where the rules have faults of their own, so that nothing can be held against them."""
    form, faults = check_shape(document, MessageFile)
    reading = MessageReading(document, rulebook, None, form, faults)
    if form is None:
        return reading
    reading.faults += _between_keys(document, form, endpoints)
    triggers = tuple(map(Trigger.of, form.on))
    carried = _carried(reading, triggers)
    only = _only(reading, form, carried)
    content = _content(reading, form, carried)
    if not reading.faults:
        reading.message = _message(form, triggers, content, only)
    return reading


def _message(
    form: MessageFile,
    triggers: tuple[Trigger, ...],
    content: Mapping[str, Content],
    only: Callable[..., bool] | None,
) -> Message:
    return Message(
        name=form.message,
        on=triggers,
        content=content,
        only=only,
        only_text=form.only or "",
        is_live=form.state == "live",
        channel=form.channel,
        kind=form.kind,
        pages=tuple(form.pages),
        delay_ms=form.delay,
        withdraw=form.withdraw,
        expires_ms=form.expires,
        cap=form.cap.per_user if form.cap else None,
        group=form.group,
        quiet=form.quiet,
        priority=form.priority,
        holdout=form.holdout,
        data=form.data,
        endpoint=form.endpoint,
        description=form.description,
    )


def _between_keys(document: Document, form: MessageFile, endpoints: Collection[str]) -> Iterator[Fault]:
    says = document.data
    beside = [key for key in ("title", "body", "action") if key in says]
    if form.variants and beside:
        yield document.at_key((beside[0],), f"`{beside[0]}` stands beside `variants`", "each variant says its own")
    elif len(form.variants) == 1:
        yield document.at_key(("variants",), "one variant is none", "write its title and body directly, or add another")
    elif form.title is None and not form.variants and form.channel == "in_app":
        yield document.at_start("`title` is missing", "such as title: We miss you")
    if form.channel != "in_app":
        for key in OF_THE_APP:
            if key in says:
                yield document.at_key((key,), f"`{key}` is of messages in the app", "take it away")
    yield from _endpoint(document, form, endpoints)
    if form.expires <= form.delay:
        yield document.at_value(("delay",), "it would have expired before its delay is over", "such as expires: 7d")


def _endpoint(document: Document, form: MessageFile, endpoints: Collection[str]) -> Iterator[Fault]:
    if form.channel == "webhook" and form.endpoint is None:
        yield document.at_value(("channel",), "to which endpoint?", "such as endpoint: crm, one of webhooks.yaml")
    elif form.channel != "webhook" and form.endpoint is not None:
        yield document.at_key(("endpoint",), "`endpoint` is of webhooks", "channel: webhook")
    elif form.endpoint is not None and form.endpoint not in endpoints:
        hint = did_you_mean(form.endpoint, endpoints) or "webhooks.yaml, beside the rules, has the endpoints"
        yield document.at_value(("endpoint",), f"there is no endpoint `{form.endpoint}`", hint)


# -------------------------------------------------------------------------------------------- held against the rules


def _carried(reading: MessageReading, triggers: tuple[Trigger, ...]) -> Collection[str] | None:
    """What all changes of these carry; None where nobody can tell. Faults are noted."""
    if reading.rulebook is None:
        return None
    by_segment = {segment: rule for rule in reading.rulebook.groupings for segment in rule.segments}
    by_name = {rule.name: rule for rule in reading.rulebook.groupings}
    known: list[Collection[str]] = []
    for place, trigger in enumerate(triggers):
        rule = by_segment.get(trigger.segment)
        fault = _unknown(trigger, rule, by_name, by_segment) or _in_shadow(reading, trigger, rule)
        if fault is not None:
            reading.faults.append(_at_trigger(reading.document, place, trigger, *fault))
        elif rule is not None:
            known.append(rule.include)
    if len(known) < len(triggers):
        return None
    return [name for name in known[0] if all(name in others for others in known)]


def _unknown(
    trigger: Trigger, rule: Grouping | None, by_name: Mapping[str, Grouping], by_segment: Collection[str]
) -> tuple[str, str] | None:
    """What is wrong with what a message waits for, and what to write."""
    named = by_name.get(trigger.segment)
    if rule is None and named is not None:
        levels = ", ".join(named.segments)
        return f"`{trigger.segment}` is a tier: nobody enters or leaves it", f"write `becomes` with one of {levels}"
    if rule is None:
        return f"no rule makes a segment `{trigger.segment}`", did_you_mean(trigger.segment, by_segment)
    if trigger.verb == "becomes" and isinstance(rule, Segment):
        return f"`{trigger.segment}` is a segment, and nobody becomes it", f"write `enters {trigger.segment}`"
    if trigger.verb == "enters" and not isinstance(rule, Segment):
        return f"`{trigger.segment}` is a level", f"write `becomes {trigger.segment}`"
    return None


def _in_shadow(reading: MessageReading, trigger: Trigger, rule: Grouping | None) -> tuple[str, str] | None:
    """A live message that nobody would ever get."""
    if rule is None or not rule.is_shadow or reading.form is None or reading.form.state != "live":
        return None
    return f"`{trigger.segment}` is in shadow: nobody is told of it", "make the rule live, or write `state: off` here"


def _at_trigger(document: Document, place: int, trigger: Trigger, message: str, hint: str) -> Fault:
    where: Location = ("on", place) if ("on", place) in document.values else ("on",)
    return document.within(where, len(trigger.verb) + 1, len(trigger.segment), message, hint)


def _only(reading: MessageReading, form: MessageFile, carried: Collection[str] | None) -> Callable[..., bool] | None:
    if form.only is None:
        return None
    text = form.only
    condition = _read(reading, ("only",), lambda: parse_of_change(text, carried))
    return None if condition is None else asked(condition)


def _content(reading: MessageReading, form: MessageFile, carried: Collection[str] | None) -> dict[str, Content]:
    if form.variants:
        return {name: _texts(reading, ("variants", name), each, carried) for name, each in form.variants.items()}
    return {"": _texts(reading, (), form, carried)}


def _texts(
    reading: MessageReading, at: Location, form: MessageFile | ContentFile, carried: Collection[str] | None
) -> Content:
    def text(key: str, source: str, *where: str) -> Template | None:
        if not source:
            return None
        location = (*at, *where, key)
        return _read(reading, location, lambda: template(source, carried, LONGEST[key], of_address=key == "href"))

    action = form.action or ActionFile.model_construct(label="", href="")
    if action.href and not is_safe(action.href):
        message = "this leads neither to https nor to a path of the page's own origin"
        reading.faults.append(reading.document.at_value((*at, "action", "href"), message, HREF_HINT))
    return Content(
        text("title", form.title or ""),
        text("body", form.body),
        text("label", action.label, "action"),
        text("href", action.href, "action"),
    )


def is_safe(href: str) -> bool:
    """Whether an address leads where its file says, whatever is put in: what is put in is quoted, and its host and the
    first character of a path are written out.

    >>> is_safe("/reports"), is_safe("https://example.com/{{ plan }}"), is_safe("//evil"), is_safe("{{ url }}")
    (True, True, False, False)
    """
    return bool(OWN_PATH.match(href) or HTTPS.match(href))


def _read(reading: MessageReading, location: Location, read: Callable[[], T]) -> T | None:
    try:
        return read()
    except ExpressionFaults as error:
        reading.faults += placed(reading.document, location, error)
        return None
