"""Documents to a rulebook: each is read by itself, then rules are held against each other.

Comes in: a folder, one file, or the texts of files. Goes out: the `Rulebook`, or a `RuleError` with every fault of
every file.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path, PurePath, PurePosixPath

from streams.core.rules.rulebook import Rulebook
from streams.errors import Fault, RuleError
from streams.rulefiles.circles import circles, following
from streams.rulefiles.document import Document, read
from streams.rulefiles.doubts import Words, doubts
from streams.rulefiles.folder import Files, find, read_text, rules_in, shown
from streams.rulefiles.meaning import rule_of
from streams.rulefiles.reading import Names, Reading, declared_name, read_rule
from streams.rulefiles.shape import form_of


def load(path: Path) -> Rulebook:
    """The rules of all `*.yaml` and `*.yml` below a folder, or of one file. Raises `RuleError`."""
    return _rulebook(read_rules(path))


def check(path: Path, words: Words | None = None) -> tuple[Rulebook, list[Fault]]:
    """The same, with what is no fault and can hardly be meant. words: of traits, the texts that they were sent with."""
    readings = read_rules(path)
    return _rulebook(readings), doubts(readings, words)


def load_files(files: Files) -> Rulebook:
    """The same of texts, by their paths in a folder."""
    return _rulebook(_read_files(files))


def check_files(files: Files) -> tuple[Rulebook, list[Fault]]:
    """The same, with what can hardly be meant."""
    readings = _read_files(files)
    return _rulebook(readings), doubts(readings)


def _read_files(files: Files) -> list[Reading]:
    paths, faults = rules_in(files)
    documents, unreadable = _read([(path, partial(str, files[path])) for path in paths])
    return _checked([PurePosixPath(path) for path in paths], documents, [*faults, *unreadable])


def parse(*texts: str) -> Rulebook:
    """The same, of what files would say. Each is taken to be named as its rule."""
    documents, faults = _read([(f"rule {place}.yaml", partial(str, text)) for place, text in enumerate(texts, 1)])
    for document in documents:
        form = form_of(document)
        if not isinstance(form, Fault):
            document.file = f"{declared_name(document, form)}.yaml"
    return _rulebook(_checked([Path(document.file) for document in documents], documents, faults))


def read_rules(path: Path) -> list[Reading]:
    """The rules of a folder or a file, of which each still knows its file; without faults."""
    paths, faults = find(path)
    documents, unreadable = _read([(shown(file), partial(read_text, file)) for file in paths])
    return _checked(paths, documents, [*faults, *unreadable])


def _read(files: Iterable[tuple[str, Callable[[], str]]]) -> tuple[list[Document], list[Fault]]:
    documents: list[Document] = []
    faults: list[Fault] = []
    for name, text_of in files:
        try:
            documents.append(read(name, text_of()))
        except RuleError as error:
            faults += error.faults
    return documents, faults


def _checked(paths: Sequence[PurePath], documents: Sequence[Document], faults: Iterable[Fault]) -> list[Reading]:
    names = names_of(paths, documents)
    readings = [read_rule(document, names) for document in documents]
    found = [*faults, *(fault for reading in readings for fault in reading.faults)]
    found += [*repeated_names(readings), *circular(readings), *asking_shadow(readings)]
    if found:
        raise RuleError(found)
    return readings


def _rulebook(readings: Iterable[Reading]) -> Rulebook:
    return Rulebook(tuple(sorted(map(rule_of, readings), key=lambda rule: rule.name)))


def names_of(paths: Iterable[PurePath], documents: Iterable[Document]) -> Names:
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


def asking_shadow(readings: Sequence[Reading]) -> Iterator[Fault]:
    """Of live rules: nobody could tell why somebody is in one whose reasons nobody is told of."""
    states = {reading.name: reading.document.data.get("state", "live") for reading in readings}
    for reading in readings:
        for asked in sorted(reading.asks):
            if states[reading.name] == "live" and states.get(asked) == "shadow":
                message = f"`{asked}` is in shadow, and a live rule cannot ask for it"
                yield reading.at_reference(asked, message, "make it live, or write `state: shadow` here, too")


def circular(readings: Sequence[Reading]) -> Iterator[Fault]:
    """Each circle once, at the rule whose name comes first."""
    by_name = {reading.name: reading for reading in readings}
    for circle in circles({name: reading.asks for name, reading in by_name.items()}):
        steps = (f"`{name}` asks for `{asked}`" for name, asked in zip(circle, following(circle), strict=True))
        first, second = circle[0], following(circle)[0]
        yield by_name[first].at_reference(second, f"a circle: {', '.join(steps)}", "break it somewhere")
