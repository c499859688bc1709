"""The lines of a story: what happened, and what the rules make of it.

Comes in: one line, its columns two blanks or more apart. Goes out: records as producers send them, or what is `Told` of
a change; and back, a change as a line. A line that cannot be read is a `LineFault` with the place in it.

>>> [record["timestamp"] for record in read_event("2026-03-01..2026-03-02 09:00  ann  Signed In")]
['2026-03-01T09:00:00.000Z', '2026-03-02T09:00:00.000Z']
>>> read_told("2026-03-08 09:00  ann  enters gone-quiet  (timer)").what
'enters gone-quiet'
"""

import json
import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any, Final, NamedTuple, Protocol

from streams.core.instants import format_time, parse_time
from streams.core.language.faults import nearest
from streams.core.profiles.ledger import LEDGER_EVENTS
from streams.testing.records import Record, billing, identify, track

BILLING: Final = {*LEDGER_EVENTS, "Invoice Paid", "Payment Failed", "Refund Issued"}
CONTEXT: Final = ("active", "locale")
VERBS: Final = {"segment.entered": "enters", "segment.exited": "leaves", "segment.changed": "is now"}
AS: Final = re.compile(r"(?:(?P<user>.+) )?as (?P<alias>\S+)")
COLUMN: Final = re.compile(r"\S+(?: \S+)*")
PAIR: Final = re.compile(r'("[^"]*"|[^\s="]+)=("[^"]*"|\[.*?\](?=\s|$)|\S+)\s*')
WHAT: Final = re.compile(r"(enters|leaves|is now) (\S+?)(?: \(was (\S+)\))?")
A_TIME: Final = "a time is written like 2026-03-01 09:00, every day of some like 2026-03-01..2026-03-08 09:00"
AN_ALIAS: Final = "write `as anon-1`, or `ann as anon-1`, and of several ids a line for each"
COLUMNS: Final = "columns are two blanks or more apart"
MOST_EVENTS: Final = 10_000  # of a story: of a slip such as 2026-03-01..9999-03-08 there would be millions


class LineFault(ValueError):
    """What is wrong with a line: `width` characters from `start` on; `hint` says what to write."""

    def __init__(self, start: int, width: int, message: str, hint: str):
        super().__init__(message)
        self.start, self.width, self.message, self.hint = start, width, message, hint


class Told(NamedTuple):
    """A change as stories tell it.

    what: `enters churn-risk`, `is now life/old (was new)`. segment: the one that is entered or left. cause: the event
    that led to it, or `timer`; None where the story does not say.
    """

    at_ms: int
    user: str
    what: str
    segment: str
    cause: str | None


class Flip(Protocol):
    """A change, whoever found it."""

    @property
    def subject(self) -> str: ...
    @property
    def rule(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def segment(self) -> str: ...
    @property
    def previous(self) -> str | None: ...
    @property
    def occurred_at(self) -> int: ...
    @property
    def cause(self) -> str: ...
    @property
    def event_id(self) -> str | None: ...


def lines(text: str) -> Iterator[tuple[int, str]]:
    """Those that say something, each with where it begins."""
    return ((line.start(), line[0]) for line in re.finditer(r"\S.*\S|\S", text))


def read_event(line: str) -> Iterator[Record]:
    """`2026-03-01..2026-03-08 09:00  ann  Signed In  key=value`, as one record a day.

    Who did it may be `as anon-1`, a visitor, or `ann as anon-1`, who links the two.
    """
    when, user, event, *rest = columns(line, "when, who, what happened, and what is known of it")
    start = rest[0].start() if rest else len(line)
    values = pairs(line[start:], start)
    message_id = values.pop("messageId", None)
    context = {name: values.pop(f"context.{name}") for name in CONTEXT if f"context.{name}" in values}
    name, alias = _who(user)
    for at in _times(when):
        if event[0] == "identify":
            record = identify(name, at, message_id, **values) | {"context": context}
        elif event[0] in BILLING:
            record = billing(name, event[0], at, message_id, **values)
        else:
            record = track(name, event[0], at, message_id, **values) | {"context": context}
        yield record if alias is None else record | {"anonymousId": alias}


def _who(column: re.Match[str]) -> tuple[str | None, str | None]:
    """The user and the alias, of which one may be left out."""
    found = AS.fullmatch(column[0])
    if found is None:
        return column[0], None
    if found["user"] is not None and AS.fullmatch(found["user"]):
        raise _at(column, "`as` stands here twice", AN_ALIAS)
    return found["user"], found["alias"]


def read_told(line: str) -> Told:
    when, user, what, *rest = columns(line, "when, who, and what becomes of them")
    found = WHAT.fullmatch(what[0])
    if found is None:
        verb = what[0].partition(" ")[0]
        near = nearest(verb, ["enters", "leaves", "is now"])
        hint = f"did you mean `{near}`?" if near else "write `enters NAME`, `leaves NAME` or `is now NAME/LEVEL`"
        raise _at(what, "this is no change", hint)
    return Told(instant_of(when), user[0], what[0], found[2], _cause(rest))


def _cause(rest: Sequence[re.Match[str]]) -> str | None:
    if not rest:
        return None
    last = rest[0]
    if len(rest) > 1 or not re.fullmatch(r"\(.+\)", last[0]):
        raise _at(last, "here stands what led to it, in brackets", "write `(timer)` or the event, like `(Signed In)`")
    return last[0][1:-1]


def told_of(change: Flip, records: Sequence[Record]) -> Told:
    """As a story would tell it. records: each with its messageId, to name the one that led to the change."""
    was = "" if change.previous is None else f" (was {change.previous.removeprefix(f'{change.rule}/')})"
    what = f"{VERBS[change.type]} {change.segment}{was}"
    cause = change.cause if change.event_id is None else _name(change.event_id, records)
    return Told(change.occurred_at, change.subject, what, change.segment, cause)


def write_told(told: Told) -> str:
    """`2026-03-15 09:00  ann  enters churn-risk  (timer)`."""
    return "  ".join(columns_of(told)).rstrip()


def columns_of(told: Told) -> tuple[str, str, str, str]:
    return written(told.at_ms), told.user, told.what, "" if told.cause is None else f"({told.cause})"


def written(at_ms: int) -> str:
    """An instant as stories write it: `2026-03-15 09:00`, with seconds where there are some."""
    return re.sub(r"(:00)?\.000Z$|Z$", "", format_time(at_ms)).replace("T", " ")


def _name(message_id: str, records: Sequence[Record]) -> str:
    """Of an event; its type where it has none."""
    record = next(record for record in records if record["messageId"] == message_id)
    return str(record.get("event", record["type"]))


def columns(line: str, meaning: str) -> list[re.Match[str]]:
    found = list(COLUMN.finditer(line))
    if len(found) > 1 and re.match(r"\d\d?:\d\d", found[1][0]):
        raise _at(found[1], "one blank belongs between the day and the time", A_TIME)
    if len(found) < 3:
        raise LineFault(0, len(line), f"here belong {meaning}", COLUMNS)
    return found


def _times(when: re.Match[str]) -> Sequence[int]:
    days, _, clock = when[0].partition(" ")
    first, _, last = days.partition("..")
    try:
        day, end = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError:
        raise _at(when, f"`{when[0]}` is no time", A_TIME) from None
    if (end - day).days >= MOST_EVENTS:
        raise too_many(when.start(), len(when[0]))
    found = [parse_time(f"{day + timedelta(more)} {clock or '00:00'}") for more in range((end - day).days + 1)]
    times = [at for at in found if at is not None]
    if not times or len(times) < len(found):
        raise _at(when, f"`{when[0]}` is no time", A_TIME)
    return times


def instant_of(when: re.Match[str]) -> int:
    at = parse_time(when[0])
    if at is None:
        raise _at(when, f"`{when[0]}` is no time", "a time is written like 2026-03-01 09:00")
    return at


def pairs(text: str, start: int) -> dict[str, Any]:
    """`plan=pro seats=5 name="A B" tags=["vip", "beta"]`: JSON where it is JSON, else a text as it stands."""
    left = PAIR.sub("", text).strip()
    if left:
        hint = 'write `plan=pro`, and a text with blanks in quotes: `name="A B"`'
        raise LineFault(start + text.find(left), len(left), f"`{left}` is no key=value", hint)
    return {name.strip('"'): _value(value) for name, value in PAIR.findall(text)}


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def too_many(start: int, width: int) -> LineFault:
    return LineFault(start, width, f"a story has up to {MOST_EVENTS:,} events", "take fewer days, or several stories")


def _at(column: re.Match[str], message: str, hint: str) -> LineFault:
    return LineFault(column.start(), len(column[0]), message, hint)
