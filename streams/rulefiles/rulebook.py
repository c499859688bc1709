"""Documents to a rulebook: each is read by itself, then rules are held against each other.

Comes in: a folder, or one file. Goes out: the `Rulebook`, or a `RuleError` with every fault of every file.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from streams.core.rules.rulebook import Rulebook
from streams.errors import Fault, RuleError
from streams.rulefiles.circles import circles, following
from streams.rulefiles.document import Document, read
from streams.rulefiles.folder import find, read_text, shown
from streams.rulefiles.meaning import rule_of
from streams.rulefiles.reading import Names, Reading, declared_name, read_rule
from streams.rulefiles.shape import form_of


def load(path: Path) -> Rulebook:
    """The rules of all `*.yaml` and `*.yml` below a folder, or of one file. Raises `RuleError`."""
    return Rulebook(tuple(sorted(map(rule_of, read_rules(path)), key=lambda rule: rule.name)))


def read_rules(path: Path) -> list[Reading]:
    """The same, of which each still knows its file; without faults."""
    paths, faults = find(path)
    documents: list[Document] = []
    for file in paths:
        try:
            documents.append(read(shown(file), read_text(file)))
        except RuleError as error:
            faults += error.faults
    names = names_of(paths, documents)
    readings = [read_rule(document, names) for document in documents]
    faults += [fault for reading in readings for fault in reading.faults]
    faults += [*repeated_names(readings), *circular(readings)]
    if faults:
        raise RuleError(faults)
    return readings


def names_of(paths: Iterable[Path], documents: Iterable[Document]) -> Names:
    """What rules may call each other, however faulty they are: by what a file says, and by how it is named.

    A file of which nobody can tell what it is stands for a segment and for scores, so that its fault is told alone.
    """
    names: dict[str, set[str]] = {"segment": set(), "tier": set(), "scores": set()}
    clear: set[str] = set()
    for document in documents:
        form = form_of(document)
        if not isinstance(form, Fault):
            clear.add(document.stem)
            names[form.key] |= {document.stem, declared_name(document, form)}
    unclear = {path.stem for path in paths} - clear
    return Names(names["segment"] | unclear, names["tier"], names["scores"] | unclear)


def repeated_names(readings: Sequence[Reading]) -> Iterator[Fault]:
    first: dict[str, Document] = {}
    for reading in readings:
        known = first.setdefault(reading.name, reading.document)
        if known is not reading.document:
            message = f"a rule in {known.file} is called `{reading.name}` already"
            yield reading.document.at_start(message, "rename one of them")


def circular(readings: Sequence[Reading]) -> Iterator[Fault]:
    """Each circle once, at the rule whose name comes first."""
    by_name = {reading.name: reading for reading in readings}
    for circle in circles({name: reading.asks for name, reading in by_name.items()}):
        steps = (f"`{name}` asks for `{asked}`" for name, asked in zip(circle, following(circle), strict=True))
        first, second = circle[0], following(circle)[0]
        yield by_name[first].at_reference(second, f"a circle: {', '.join(steps)}", "break it somewhere")
