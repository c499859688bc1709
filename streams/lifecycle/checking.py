"""Rules and messages together, as a version holds them.

Comes in: a folder, or the texts of files. Goes out: what they mean, or a `RuleError` with every fault of every file;
and which of the two is in force: the live version, or where nothing was ever applied the folder.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple

from streams.core.rules.rulebook import Rulebook
from streams.delivery.message import Messages
from streams.errors import Fault, RuleError
from streams.lifecycle.versions import Version, digest_of, files_of, live
from streams.messagefiles import load_message_files
from streams.rulefiles import check_files as check_rule_files
from streams.rulefiles.folder import Files, read_files, shown
from streams.state.store import GroupStore


class Checked:
    """Files without faults, and what they mean. doubts: what can hardly be meant."""

    def __init__(self, files: Files, rulebook: Rulebook, messages: Messages, doubts: Sequence[Fault] = ()):
        self.files = files
        self.rulebook = rulebook
        self.messages = messages
        self.doubts = doubts

    @cached_property
    def digest(self) -> str:
        return digest_of(self.files)


class InForce(NamedTuple):
    """version: None where it is the folder, as nothing was ever applied."""

    version: Version | None
    checked: Checked


def read_both(
    rules: Callable[[], tuple[Rulebook, list[Fault]]], messages: Callable[[Rulebook | None], Messages]
) -> tuple[Rulebook, Messages, list[Fault]]:
    """Rules, messages, and what can hardly be meant of the rules. RuleError: every fault of both; where the rules have
    some, what does not depend on them is told of the messages too."""
    faults: list[Fault] = []
    doubts: list[Fault] = []
    rulebook, sent = None, None
    try:
        rulebook, doubts = rules()
    except RuleError as error:
        faults += error.faults
    try:
        sent = messages(rulebook)
    except RuleError as error:
        faults += error.faults
    if rulebook is None or sent is None:
        raise RuleError(faults)
    return rulebook, sent, doubts


def check_files(files: Files) -> Checked:
    rulebook, messages, doubts = read_both(partial(check_rule_files, files), partial(load_message_files, files))
    return Checked(files, rulebook, messages, doubts)


def check_folder(path: Path) -> Checked:
    """The same of what lies in a folder now; faults and doubts name the files as they lie there."""
    files = read_files(path)
    folder = path if path.is_dir() else path.parent
    try:
        checked = check_files(files)
    except RuleError as error:
        raise RuleError(_placed(error.faults, folder)) from None
    return Checked(files, checked.rulebook, checked.messages, _placed(checked.doubts, folder))


def readable(files: Files) -> Checked | None:
    """What an older segmenter took may have faults today."""
    try:
        return check_files(files)
    except RuleError:
        return None


async def in_force(group: GroupStore, folder: Path) -> InForce:
    """What is live; what lies in the folder where nothing was ever applied. It is read in a thread of its own: of
    thousands of rules that takes many seconds, in which others are served.
    """
    version = await live(group)
    if version is None:
        return InForce(None, await asyncio.to_thread(check_folder, folder))
    return InForce(version, await asyncio.to_thread(check_files, await files_of(group, version)))


def _placed(faults: Sequence[Fault], folder: Path) -> list[Fault]:
    return [replace(fault, file=shown(folder / fault.file)) for fault in faults]
