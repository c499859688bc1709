"""Documents to a rulebook: expressions are parsed, and rules are held against each other.

Comes in: a folder, or one file. Goes out: the `Rulebook`, or a `RuleError` with every fault of every file.
"""

import hashlib
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from streams.core.expressions import Expression, parse
from streams.core.language.faults import ExpressionFaults
from streams.core.language.render import render
from streams.core.rules import Rulebook, Segment
from streams.errors import Fault, RuleError
from streams.rulefiles.document import Document, read
from streams.rulefiles.folder import find, read_text, shown
from streams.rulefiles.shape import SegmentFile, check_shape


@dataclass
class Rule:
    """One file after its own checks: what could be made of it, and what is wrong with it."""

    document: Document
    shape: SegmentFile | None
    expressions: dict[str, Expression]
    faults: list[Fault]

    @property
    def name(self) -> str:
        return declared_name(self.document)


def load(path: Path) -> Rulebook:
    """The rules of all `*.yaml` and `*.yml` below a folder, or of one file. Raises `RuleError`."""
    paths, faults = find(path)
    documents: list[Document] = []
    for file in paths:
        try:
            documents.append(read(shown(file), read_text(file)))
        except RuleError as error:
            faults += error.faults
    names = {declared_name(document) for document in documents} | {file.stem for file in paths}
    rules = [check(document, names) for document in documents]
    faults += [fault for rule in rules for fault in rule.faults]
    faults += [*repeated_names(rules), *circles(rules)]
    if faults:
        raise RuleError(faults)
    return Rulebook(tuple(sorted(map(_segment, rules), key=lambda segment: segment.name)))


def declared_name(document: Document) -> str:
    """What other rules may call it, however faulty it is."""
    name = document.data.get("segment")
    return name if isinstance(name, str) else document.stem


def check(document: Document, names: Collection[str]) -> Rule:
    shape, faults = check_shape(document)
    rule = Rule(document, shape, {}, faults)
    if shape and shape.segment != document.stem:
        message = f"the file of this segment must be called {shape.segment}.yaml"
        rule.faults.append(document.at_value(("segment",), message, f"or the segment `{document.stem}`"))
    for key in ("enter", "exit"):
        text = document.data.get(key)
        if isinstance(text, str):
            try:
                rule.expressions[key] = parse(text, names)
            except ExpressionFaults as error:
                rule.faults += _placed(document, key, error)
    return rule


def _placed(document: Document, key: str, error: ExpressionFaults) -> Iterator[Fault]:
    for fault in error.faults:
        hint = fault.hint
        if document.is_cut((key,)):
            hint = "YAML takes what follows ` #` for a comment: begin the expression on the next line, after `>-`"
        yield document.within((key,), fault.offset, fault.width, fault.message, hint)


def repeated_names(rules: Sequence[Rule]) -> Iterator[Fault]:
    first: dict[str, Document] = {}
    for rule in rules:
        known = first.setdefault(rule.name, rule.document)
        if known is not rule.document:
            yield rule.document.at_start(
                f"there is a segment `{rule.name}` in {known.file} already", "rename one of them"
            )


def circles(rules: Sequence[Rule]) -> Iterator[Fault]:
    """Segments that ask for each other: each circle once, at the segment whose name comes first."""
    asks = {
        rule.name: {reference.segment for parsed in rule.expressions.values() for reference in parsed.references}
        for rule in rules
    }
    by_name = {rule.name: rule for rule in rules}
    while circle := _circle(asks):
        following = [*circle[1:], circle[0]]
        steps = ", ".join(f"`{name}` asks for `{asked}`" for name, asked in zip(circle, following, strict=True))
        yield _at_reference(by_name[circle[0]], following[0], f"a circle: {steps}")
        asks[circle[0]].remove(following[0])


def _circle(asks: dict[str, set[str]]) -> list[str]:
    """Names each of which asks for the next, and the last for the first; empty if there is no circle."""
    try:
        TopologicalSorter({name: sorted(asks[name]) for name in sorted(asks)}).prepare()
    except CycleError as error:
        backwards: list[str] = error.args[1][1:]  # its first is its last again
        circle = backwards[::-1]
        start = circle.index(min(circle))
        return circle[start:] + circle[:start]
    return []


def _at_reference(rule: Rule, segment: str, message: str) -> Fault:
    for key, parsed in rule.expressions.items():
        for reference in parsed.references:
            if reference.segment == segment:
                return rule.document.within((key,), reference.offset, reference.width, message, "break it somewhere")
    raise LookupError(segment)


def _segment(rule: Rule) -> Segment:
    shape = rule.shape
    assert shape is not None
    leave = rule.expressions.get("exit")
    return Segment(
        name=shape.segment,
        enter=rule.expressions["enter"].condition,
        exit=leave.condition if leave else None,
        min_stay_ms=shape.min_stay,
        include=tuple(dict.fromkeys(shape.include)),
        description=shape.description,
        labels=shape.labels,
        version=_version(rule, shape),
    )


def _version(rule: Rule, shape: SegmentFile) -> str:
    """A hash of what the rule means: neither of its description and labels nor of how it is spelled."""
    meaning = {key: render(parsed.condition) for key, parsed in rule.expressions.items()}
    text = json.dumps([meaning, shape.min_stay, sorted(set(shape.include))], sort_keys=True)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
