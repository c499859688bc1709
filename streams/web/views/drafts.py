"""A rule as somebody writes it, before and while it is applied: its faults where they are, what its stories say, what
would change if it were live.

Comes in: the text of a rule and of the stories beside it, and the version that they were begun from. Goes out: a
`Draft`; or the new version.
"""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import msgspec

from streams.core.changes import Change
from streams.errors import Fault, RuleError, UsageError
from streams.lifecycle.applying import apply
from streams.lifecycle.checking import Checked, check_files
from streams.lifecycle.planning import Plan, make_plan
from streams.lifecycle.versions import Version, ahead, files_of, find
from streams.outputs.wording import conditions_in_words
from streams.printable import printable
from streams.rulefiles.folder import STORIES, Files
from streams.testing.storyfiles import Story, stories_beside
from streams.testing.verdicts import Verdict, tell
from streams.web.views.awaited import WouldMove
from streams.web.views.changes import ChangeShown, shown
from streams.web.views.limits import check_moves
from streams.web.views.times import Instant, told, told_or_none
from streams.web.views.window import LOOKED_AT, Rules, Window

NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")
NEW: Final = """segment: {name}
description: Who is in it, in a sentence.
enter: idle_days >= 7
labels:
  owner: your-team
"""


class Written(NamedTuple):
    """What stands on the page. stories: None where they are left as they are in force. base: the number of the version
    that it was begun from; 0 where nothing was ever applied. An empty text takes its file away, that of a rule its
    stories too."""

    name: str
    text: str
    stories: str | None
    base: int


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


class MoveWithExamples(WouldMove, frozen=True, gc=False):
    """Worked out on some profiles and scaled up to all."""

    examples: tuple[ChangeShown, ...]


class ReachShown(msgspec.Struct, frozen=True, gc=False):
    """since: from when on its records are there; null where none is."""

    topic: str
    since: Instant | None


class PartlyShown(msgspec.Struct, frozen=True, gc=False):
    """whole_on: null where it never is, as it has no window."""

    rule: str
    feature: str
    since: Instant
    whole_on: Instant | None


class AwaitsShown(msgspec.Struct, frozen=True, gc=False):
    """topics: those that do not reach back to where they began. unknown: why nobody can say; empty where it is known.
    partly: what rules will not know of the past."""

    topics: tuple[ReachShown, ...]
    unknown: str
    partly: tuple[PartlyShown, ...]


class Draft(msgspec.Struct, frozen=True, gc=False):
    """told: the text of its stories. path, told_path: of the two files. differences: from what is live, each in words.
    looked_at: of `profiles`; 0 where nothing was worked out. awaits: where it has to wait for its past to be made.
    """

    name: str
    path: str
    text: str
    told_path: str
    told: str
    base: int
    is_new: bool
    faults: tuple[FaultShown, ...] = ()
    doubts: tuple[FaultShown, ...] = ()
    stories: tuple[StoryShown, ...] = ()
    differences: tuple[str, ...] = ()
    moves: tuple[MoveWithExamples, ...] = ()
    looked_at: int = 0
    profiles: int = 0
    awaits: AwaitsShown | None = None


async def begun(window: Window, name: str) -> Draft:
    """As it was applied last; or a first text, where there is no such rule."""
    rules, name = await window.latest(), _checked_name(name)
    text = rules.text(name) if name in rules.paths else NEW.format(name=name)
    return _draft(rules, Written(name, text, None, _number(rules.version)))


async def written_by(window: Window, number: int, name: str) -> Written:
    """As a version has it, to be gone on with from what was applied last."""
    files = await files_of(window.store.group, await find(window.store.group, number))
    base = _number((await window.latest()).version)
    return written_in(files, _checked_name(name), base) or Written(name, "", "", base)


async def drafted(window: Window, written: Written) -> Draft:
    """Checked, told its stories, and held against what is live."""
    rules = await window.latest()
    draft = _draft(rules, written)
    try:
        checked = await asyncio.to_thread(check_files, files_with(rules, written))
        stories = await asyncio.to_thread(_stories, checked.files, draft.path)
        verdicts = await asyncio.to_thread(lambda: [tell(story, window.settings) for story in stories])
    except RuleError as error:
        return msgspec.structs.replace(draft, faults=tuple(map(_fault, error.faults)))
    plan = await window.apart(lambda store: make_plan(store, window.settings, checked, LOOKED_AT, window.reach))
    return msgspec.structs.replace(
        draft,
        doubts=tuple(_fault(each) for each in checked.doubts if each.file == draft.path),
        stories=tuple(map(_verdict, verdicts)),
        differences=tuple(_differences(rules, checked, plan)),
        moves=tuple(_moves(plan)),
        looked_at=plan.estimate.looked_at,
        profiles=plan.estimate.profiles,
        awaits=_awaits(plan),
    )


async def apply_draft(
    window: Window, written: Written, note: str, author: str, max_change: float | None = None
) -> Version:
    """RuleError: it has faults. `MovedMeanwhile`: somebody else applied something since it was begun. UsageError: it
    would move more than this share of a segment."""
    rules = await window.latest()
    checked = await asyncio.to_thread(check_files, files_with(rules, written))
    await asyncio.to_thread(_stories, checked.files, _draft(rules, written).path)
    after = await unmoved(window, written.base)
    if max_change is not None:
        await check_moves(window, await window.rules(), checked, max_change)
    group = window.store.group
    version = await apply(
        group, checked, after=after, author=author, note=note, at_ms=window.clock(), max_change=max_change
    )
    window.look_again()
    return version


class MovedMeanwhile(UsageError):
    """Somebody else applied something since. now: the version that was applied last."""

    def __init__(self, now: Version):
        self.now = now
        super().__init__(
            f"Nothing is applied: {printable(now.author)} applied version {now.number} meanwhile, at {told(now.at_ms)}"
            f" ({printable(now.note) or 'without a note'}). Look at what it changes, and go on from there."
        )


async def unmoved(window: Window, base: int) -> Version | None:
    """The live version, if what was applied last is still what somebody looked at."""
    found = await ahead(window.store.group)
    newest = found.awaited or found.live
    if newest is None and base:
        raise UsageError(
            "Nothing is applied: Redis has lost the versions of the rules. A worker that runs puts them back."
        )
    if newest is not None and newest.number != base:
        raise MovedMeanwhile(newest)
    return found.live


def _checked_name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise UsageError("A rule is called by small letters, digits, - and _, such as churn-risk.")
    return name


def _number(version: Version | None) -> int:
    return version.number if version else 0


def files_with(rules: Rules, written: Written) -> Files:
    """Those in force, with what is written in their place."""
    draft = _draft(rules, written)
    mine = {draft.path: draft.text, draft.told_path: draft.told} if draft.text.strip() else {}
    others = {path: text for path, text in rules.files.items() if path not in (draft.path, draft.told_path)}
    return others | {path: text for path, text in mine.items() if text.strip()}


def written_in(files: Files, name: str, base: int) -> Written | None:
    """What stands in files that were written down, of a rule; None where they have none of it."""
    path = next((path for path in files if PurePosixPath(path).stem == name), None)
    return None if path is None else Written(name, files[path], files.get(_beside(path), ""), base)


def _draft(rules: Rules, written: Written) -> Draft:
    name = _checked_name(written.name)
    path = rules.paths.get(name, f"{name}.yaml")
    beside = _beside(path)
    told = rules.files.get(beside, "") if written.stories is None else written.stories
    return Draft(name, path, written.text, beside, told, written.base, name not in rules.paths)


def _beside(path: str) -> str:
    file = PurePosixPath(path)
    return str(file.with_name(f"{file.stem}{STORIES}{file.suffix}"))


def _stories(files: Files, path: str) -> list[Story]:
    """Those that stand beside the rule. RuleError: they cannot be read."""
    if path not in files:
        return []
    with TemporaryDirectory(prefix="segmenter-stories-") as folder:
        for name, text in files.items():
            file = Path(folder, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        try:
            found = stories_beside(Path(folder))
        except RuleError as error:
            faults = [replace(fault, file=fault.file.removeprefix(f"{folder}/")) for fault in error.faults]
            raise RuleError(faults) from None
    return [story for story in found if story.rule == PurePosixPath(path).stem]


def _verdict(verdict: Verdict) -> StoryShown:
    return StoryShown(verdict.story.title, verdict.agrees, "\n".join(str(verdict).splitlines()[1:]))


def _differences(rules: Rules, checked: Checked, plan: Plan) -> Iterator[str]:
    if plan.live is None:
        # Nothing was ever applied: what runs is a folder, of which the plan knows nothing.
        yield from _of_files(rules.files, checked.files)
        return
    for each in plan.differences:
        yield f"{each.what} {each.name}: {each.how.value}"
    stories = (
        {path: text for path, text in files.items() if STORIES in path} for files in (rules.files, checked.files)
    )
    yield from _of_files(*stories)


def _of_files(before: Files, after: Files) -> Iterator[str]:
    for path in sorted({*before, *after}):
        if path not in before:
            yield f"{path} is new"
        elif path not in after:
            yield f"{path} is taken away"
        elif before[path] != after[path]:
            yield f"{path} is written anew"


def _awaits(plan: Plan) -> AwaitsShown | None:
    if not plan.awaits or plan.reach is None:
        return None
    topics = tuple(ReachShown(topic, told_or_none(since_ms)) for topic, since_ms in plan.reach.topics.items())
    partly = (
        PartlyShown(rule, text, told(since_ms or 0), told_or_none(covered_ms))
        for rule, (text, since_ms, covered_ms) in plan.partly
    )
    return AwaitsShown(topics, plan.reach.unknown, tuple(partly))


def _moves(plan: Plan) -> Iterator[MoveWithExamples]:
    for segment, move in plan.estimate.moves.items():
        examples = tuple(map(_example, plan.estimate.examples[segment]))
        yield MoveWithExamples(segment, *move, examples)


def _example(change: Change) -> ChangeShown:
    """With what holds, as that the rule is another is known."""
    found = shown(change)
    return msgspec.structs.replace(found, why=conditions_in_words(change) or found.why)


def _fault(fault: Fault) -> FaultShown:
    caret = " " * (fault.column - 1) + "^" * max(1, fault.width) if fault.source else ""
    return FaultShown(fault.file, fault.line, fault.column, fault.width, fault.message, fault.source, caret, fault.hint)
