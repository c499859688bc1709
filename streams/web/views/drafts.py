"""A rule as somebody writes it, before and while it is applied: its faults where they are, what its stories say, what
would change if it were live.

Comes in: the text of one file, and the version that it was begun from. Goes out: a `Draft`; or the new version.
"""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from streams.errors import Fault, RuleError, UsageError
from streams.lifecycle.applying import apply
from streams.lifecycle.checking import Checked, check_files
from streams.lifecycle.planning import Plan, make_plan
from streams.lifecycle.versions import Version, live
from streams.printable import printable
from streams.rulefiles.folder import Files
from streams.settings import Settings
from streams.testing.storyfiles import stories_beside
from streams.testing.verdicts import tell
from streams.web.views.changes import ChangeShown, shown
from streams.web.views.times import told
from streams.web.views.window import LOOKED_AT, Rules, Window

NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")
NEW: Final = """segment: {name}
description: Who is in it, in a sentence.
enter: idle_days >= 7
labels:
  owner: your-team
"""


class FaultShown(msgspec.Struct, frozen=True, gc=False):
    """line, column: from 1; line 0 is the file as a whole. caret: what is drawn below the line."""

    file: str
    line: int
    column: int
    width: int
    message: str
    source: str
    caret: str
    hint: str


class StoryShown(msgspec.Struct, frozen=True, gc=False):
    """text: how it goes, line by line; where it goes otherwise, both."""

    title: str
    agrees: bool
    text: str


class MoveShown(msgspec.Struct, frozen=True, gc=False):
    """What would become of a segment, worked out on some profiles and scaled up to all."""

    segment: str
    before: int
    entering: int
    leaving: int
    examples: tuple[ChangeShown, ...]


class Draft(msgspec.Struct, frozen=True, gc=False):
    """base: the number of the version it was begun from; 0 where nothing was ever applied. differences: from what is
    live, each in words. looked_at: of `profiles`; 0 where nothing was worked out.
    """

    name: str
    text: str
    base: int
    is_new: bool
    faults: tuple[FaultShown, ...] = ()
    doubts: tuple[FaultShown, ...] = ()
    stories: tuple[StoryShown, ...] = ()
    differences: tuple[str, ...] = ()
    moves: tuple[MoveShown, ...] = ()
    looked_at: int = 0
    profiles: int = 0

    @property
    def can_be_applied(self) -> bool:
        return not self.faults and bool(self.differences)


async def begun(window: Window, name: str) -> Draft:
    """As it is live; or a first text, where there is no such rule."""
    rules, name = await window.rules(), _checked_name(name)
    is_new = name not in rules.paths
    text = NEW.format(name=name) if is_new else rules.text(name)
    return Draft(name, text, _number(rules.version), is_new)


async def drafted(window: Window, name: str, text: str, base: int) -> Draft:
    """Checked, told its stories, and held against what is live. An empty text takes the rule away."""
    rules, name = await window.rules(), _checked_name(name)
    draft = Draft(name, text, base, name not in rules.paths)
    try:
        checked = await asyncio.to_thread(check_files, _files(rules, name, text))
        stories = await asyncio.to_thread(_told, checked.files, rules.paths.get(name, ""), window.settings)
    except RuleError as error:
        return msgspec.structs.replace(draft, faults=tuple(map(_fault, error.faults)))
    plan = await window.apart(lambda store: make_plan(store, window.settings, checked, LOOKED_AT))
    return msgspec.structs.replace(
        draft,
        doubts=tuple(_fault(each) for each in checked.doubts if each.file == rules.paths.get(name, f"{name}.yaml")),
        stories=stories,
        differences=tuple(_differences(rules, checked, plan)),
        moves=tuple(_moves(plan)),
        looked_at=plan.estimate.looked_at,
        profiles=plan.estimate.profiles,
    )


async def apply_draft(window: Window, name: str, text: str, base: int, note: str, author: str) -> Version:
    """RuleError: it has faults. UsageError: somebody else applied something since it was begun."""
    rules, name = await window.rules(), _checked_name(name)
    checked = await asyncio.to_thread(check_files, _files(rules, name, text))
    after = await unmoved(window, base)
    at_ms = window.clock()
    version = await apply(window.store.group, checked, after=after, author=author, note=note, at_ms=at_ms)
    window.look_again()
    return version


async def unmoved(window: Window, base: int) -> Version | None:
    """The live version, if it is still the one that somebody looked at."""
    found = await live(window.store.group)
    if _number(found) != base:
        assert found is not None
        raise UsageError(
            f"Nothing is applied: {printable(found.author)} applied version {found.number} meanwhile, at"
            f" {told(found.at_ms)} ({printable(found.note) or 'without a note'}). Look at what it changes, and begin"
            " from there."
        )
    return found


def _checked_name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise UsageError("A rule is called by small letters, digits, - and _, such as churn-risk.")
    return name


def _number(version: Version | None) -> int:
    return version.number if version else 0


def _files(rules: Rules, name: str, text: str) -> Files:
    path = rules.paths.get(name, f"{name}.yaml")
    others = {each: said for each, said in rules.files.items() if each != path}
    return {**others, path: text} if text.strip() else others


def _told(files: Files, path: str, settings: Settings) -> tuple[StoryShown, ...]:
    """The stories that stand beside the rule."""
    if path not in files:
        return ()
    with TemporaryDirectory(prefix="segmenter-stories-") as folder:
        for name, text in files.items():
            file = Path(folder, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        name = Path(path).stem
        verdicts = [tell(story, settings) for story in stories_beside(Path(folder)) if story.rule == name]
    return tuple(StoryShown(each.story.title, each.agrees, "\n".join(str(each).splitlines()[1:])) for each in verdicts)


def _differences(rules: Rules, checked: Checked, plan: Plan) -> Iterator[str]:
    if plan.live is None:
        # Nothing was ever applied: what runs is a folder, of which the plan knows nothing.
        changed = [path for path in checked.files if rules.files.get(path) != checked.files[path]]
        gone = [path for path in rules.files if path not in checked.files]
        yield from (f"{path} is written anew" if path in rules.files else f"{path} is new" for path in changed)
        yield from (f"{path} is taken away" for path in gone)
        return
    for each in plan.differences:
        yield f"{each.what} {each.name}: {each.how.value}"


def _moves(plan: Plan) -> Iterator[MoveShown]:
    for segment, move in plan.estimate.moves.items():
        examples = tuple(map(shown, move.examples))
        yield MoveShown(segment, move.before, move.entering, move.leaving, examples)


def _fault(fault: Fault) -> FaultShown:
    caret = " " * (fault.column - 1) + "^" * max(1, fault.width) if fault.source else ""
    return FaultShown(fault.file, fault.line, fault.column, fault.width, fault.message, fault.source, caret, fault.hint)
