"""What one rulebook says otherwise than another, in the words of those who wrote it.

Comes in: two rulebooks with their messages. Goes out: each rule, message or other file that differs, and how.
"""

from collections.abc import Iterator, Mapping
from enum import Enum
from itertools import chain
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from streams.core.rules.rulebook import Rule, Rulebook
from streams.lifecycle.checking import Checked
from streams.messagefiles.folder import CAPS
from streams.rulefiles.folder import WEBHOOKS, Files, messages_in


class How(Enum):
    """described: it means the same; only its description, its labels or the like are others."""

    ADDED = "added"
    CHANGED = "changed"
    DESCRIBED = "described anew"
    REMOVED = "removed"


class Difference(NamedTuple):
    """what: `segment`, `tier`, `scores`, `message`, `caps` or `webhooks`. segments: of a rule, those that profiles are
    in by it before or after."""

    how: How
    what: str
    name: str
    segments: tuple[str, ...] = ()

    @property
    def is_of_rule(self) -> bool:
        return bool(self.segments)


_OF_ALL: Final = {CAPS: "caps", PurePosixPath(WEBHOOKS).stem: "webhooks"}
"""Files that are of no message alone."""


def differences(then: Checked | None, now: Checked) -> tuple[Difference, ...]:
    """By their names, rules first. then: None where nothing was before."""
    rules = _of_rules(then.rulebook if then else Rulebook(()), now.rulebook)
    return tuple(chain(rules, _of_messages(then.files if then else {}, now.files)))


def _of_rules(then: Rulebook, now: Rulebook) -> Iterator[Difference]:
    old, new = ({rule.name: rule for rule in book.rules} for book in (then, now))
    for name in sorted(old.keys() | new.keys()):
        was, rule = old.get(name), new.get(name)
        how = _how_rule(was, rule)
        if how is not None:
            there = [each for each in (was, rule) if each is not None]
            segments = dict.fromkeys(segment for each in there for segment in each.segments)
            yield Difference(how, there[-1].sort, name, tuple(segments))


def _how_rule(was: Rule | None, rule: Rule | None) -> How | None:
    if was is None or rule is None:
        return How.ADDED if was is None else How.REMOVED
    if was.version != rule.version or type(was) is not type(rule) or was.is_shadow != rule.is_shadow:
        return How.CHANGED
    return How.DESCRIBED if was != rule else None


def _of_messages(then: Files, now: Files) -> Iterator[Difference]:
    """A message is what its file says: what a text means to those who get it nobody else can tell."""
    old, new = _message_texts(then), _message_texts(now)
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            how = How.ADDED if name not in old else How.REMOVED if name not in new else How.CHANGED
            yield Difference(how, _OF_ALL.get(name, "message"), name)


def _message_texts(files: Files) -> Mapping[str, str]:
    paths = [*messages_in(files), *(path for path in files if path == WEBHOOKS)]
    return {PurePosixPath(path).stem: files[path] for path in paths}
