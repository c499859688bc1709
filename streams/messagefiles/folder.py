"""All messages of a rule folder.

Comes in: the folder and its rules, or the texts of files. Goes out: `Messages`, or a `RuleError` with every fault of
every file.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from streams.core.rules.rulebook import Rulebook
from streams.delivery.message import Messages, Shared
from streams.delivery.webhook import Endpoint
from streams.errors import Fault, RuleError
from streams.messagefiles.endpoints import read_endpoints
from streams.messagefiles.forms import CapsFile
from streams.messagefiles.reading import MessageReading, read_message
from streams.rulefiles.document import Document, read
from streams.rulefiles.folder import WEBHOOKS, Files, find_messages, messages_in, read_text, shown
from streams.rulefiles.shape import check_shape

File = tuple[str, Callable[[], str]]
CAPS: Final = "_caps"
MAX_DEPTH: Final = 4


def load_messages(rules: Path, rulebook: Rulebook | None) -> Messages:
    """Those of a folder of rules; none beside the file of one rule. rulebook: None where the rules have faults."""
    paths, faults = find_messages(rules)
    files = [(shown(path), partial(read_text, path)) for path in paths]
    webhooks = rules / WEBHOOKS
    of_endpoints = (shown(webhooks), partial(read_text, webhooks)) if webhooks.is_file() else None
    return _read_all(files, rulebook, faults, of_endpoints)


def load_message_files(files: Files, rulebook: Rulebook | None) -> Messages:
    """The same of texts, by their paths in the folder of rules."""
    of_endpoints = (WEBHOOKS, partial(str, files[WEBHOOKS])) if WEBHOOKS in files else None
    return _read_all([(path, partial(str, files[path])) for path in messages_in(files)], rulebook, [], of_endpoints)


def parse_messages(rulebook: Rulebook | None, *texts: str, caps: str = "", webhooks: str = "") -> Messages:
    """The same, of what files would say. Each is taken to be named as its message."""
    named = [(f"{_name(text, place)}.yaml", partial(str, text)) for place, text in enumerate(texts, 1)]
    files = [*named, *([(f"{CAPS}.yaml", partial(str, caps))] if caps else [])]
    return _read_all(files, rulebook, [], (WEBHOOKS, partial(str, webhooks)) if webhooks else None)


def _name(text: str, place: int) -> str:
    found = next((line for line in text.splitlines() if line.startswith("message:")), f"message:{place}")
    return found.removeprefix("message:").strip()


def _read_all(
    files: Iterable[File], rulebook: Rulebook | None, faults: Collection[Fault], of_endpoints: File | None
) -> Messages:
    found = list(faults)
    endpoints: Mapping[str, Endpoint] = {}
    if of_endpoints is not None:
        try:
            endpoints, wrong = read_endpoints(read(of_endpoints[0], of_endpoints[1](), "file", MAX_DEPTH), rulebook)
            found += wrong
        except RuleError as error:
            found += error.faults
    documents: list[Document] = []
    for name, text_of in files:
        try:
            documents.append(read(name, text_of(), "message", MAX_DEPTH))
        except RuleError as error:
            found += error.faults
    shared = Shared()
    readings: list[MessageReading] = []
    for document in documents:
        if document.stem == CAPS:
            shared, wrong_caps = _shared(document)
            found += wrong_caps
        else:
            readings.append(read_message(document, rulebook, endpoints))
            found += readings[-1].faults
    found += _between(readings)
    if found:
        raise RuleError(found)
    messages = sorted((each.message for each in readings if each.message), key=lambda message: message.name)
    return Messages(tuple(messages), shared, endpoints)


def _shared(document: Document) -> tuple[Shared, Sequence[Fault]]:
    form, faults = check_shape(document, CapsFile)
    if form is None:
        return Shared(), faults
    groups = {name: cap.per_user for name, cap in form.groups.items()}
    return Shared(form.all.per_user if form.all else None, groups, form.salt), faults


def _between(readings: Sequence[MessageReading]) -> Iterable[Fault]:
    """Two of one name."""
    first: dict[str, MessageReading] = {}
    for reading in readings:
        known = first.setdefault(reading.name, reading)
        if known is not reading:
            message = f"a message in {known.document.file} is called `{reading.name}` already"
            yield reading.document.at_start(message, "rename one of them")
