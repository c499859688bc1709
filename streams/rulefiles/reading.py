"""One rule file, read by itself: its form, its expressions, and what is wrong with either.

Comes in: a document, and the names of all rules. Goes out: a `Reading`.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeVar

from streams.core.language.faults import ExpressionFaults
from streams.core.language.linear import growth
from streams.core.language.parser import Expression, parse, parse_among, parse_value
from streams.core.rules.nodes import Value
from streams.errors import Fault
from streams.rulefiles.document import Data, Document, Location
from streams.rulefiles.forms import Form, ScoresFile, SegmentFile, TierFile, is_otherwise
from streams.rulefiles.shape import check_shape, form_of

T = TypeVar("T")
AMONG: Final[Location] = ("among",)  # who is scored


@dataclass(frozen=True, slots=True)
class Names:
    """The rules that there are, by their sort."""

    segments: Collection[str]
    tiers: Collection[str]
    scores: Collection[str]


@dataclass
class Reading:
    """What could be made of a file, and what is wrong with it. Without faults, `form` and all expressions are there."""

    document: Document
    name: str
    form: Form | None = None
    conditions: dict[Location, Expression] = field(default_factory=dict)
    values: dict[Location, Value] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    @property
    def asks(self) -> set[str]:
        """The segments and scores that its conditions read."""
        return {reference.rule for parsed in self.conditions.values() for reference in parsed.references}

    def text(self, location: Location) -> str:
        """An expression as the file has it."""
        found = self.document.data_at(location)
        assert isinstance(found, str)
        return found

    def at_reference(self, rule: str, message: str, hint: str) -> Fault:
        for location, parsed in self.conditions.items():
            for reference in parsed.references:
                if reference.rule == rule:
                    return self.document.within(location, reference.offset, reference.width, message, hint)
        raise LookupError(rule)


def read_rule(document: Document, names: Names) -> Reading:
    form = form_of(document)
    if isinstance(form, Fault):
        return Reading(document, document.stem, faults=[form])
    filled, faults = check_shape(document, form)
    reading = Reading(document, declared_name(document, form), filled, faults=faults)
    texts = _expressions(document.data, form)
    if form is ScoresFile:
        among = {AMONG: texts.pop(AMONG)} if AMONG in texts else {}
        reading.values = _parsed(reading, texts, lambda text: parse_value(text, names.scores))
        reading.conditions = _parsed(
            reading, among, lambda text: parse_among(text, names.segments, names.tiers, names.scores)
        )
        reading.faults += _does_not_age(reading)
    else:
        reading.conditions = _parsed(
            reading, texts, lambda text: parse(text, names.segments, names.tiers, names.scores)
        )
    return reading


def _does_not_age(reading: Reading) -> Iterator[Fault]:
    """Recency by quintiles has to grow by a day a day, as their edges do."""
    recency = reading.values.get(("recency",))
    if recency is None or "fixed" in reading.document.data or growth(recency) == 1.0:
        return
    text = reading.document.data["recency"]
    assert isinstance(text, str)
    yield reading.document.within(
        ("recency",),
        0,
        len(text),
        "recency by quintiles must grow by one day a day, as `idle_days` and `days_since(..)` do",
        "or fix its edges: `fixed: {r: [..], f: [..], m: [..]}`",
    )


def declared_name(document: Document, form: type[Form]) -> str:
    """What other rules may call it, however faulty it is."""
    name = document.data.get(form.key)
    return name if isinstance(name, str) else document.stem


def _expressions(data: dict[str, Data], form: type[Form]) -> dict[Location, str]:
    """The texts to parse, by where they stand; that one is empty, its shape says."""
    if form is TierFile:
        levels = data.get("levels")
        found: dict[Location, Data | None] = {
            ("levels", name): text
            for name, text in (levels.items() if isinstance(levels, dict) else ())
            if not is_otherwise(text)
        }
    else:
        keys = ("enter", "exit") if form is SegmentFile else ("recency", "frequency", "monetary", "among")
        found = {(key,): data.get(key) for key in keys}
    return {location: text for location, text in found.items() if isinstance(text, str) and text}


def _parsed(reading: Reading, texts: dict[Location, str], parse_one: Callable[[str], T]) -> dict[Location, T]:
    parsed: dict[Location, T] = {}
    for location, text in texts.items():
        try:
            parsed[location] = parse_one(text)
        except ExpressionFaults as error:
            reading.faults += placed(reading.document, location, error)
    return parsed


def placed(document: Document, location: Location, error: ExpressionFaults) -> Iterator[Fault]:
    for fault in error.faults:
        hint = fault.hint
        if document.is_cut(location):
            hint = "YAML takes what follows ` #` for a comment: begin the expression on the next line, after `>-`"
        yield document.within(location, fault.offset, fault.width, fault.message, hint)
