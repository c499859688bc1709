"""Stories: those beside the rules that ship, those in `tests/cases`, and those that pages of `docs` tell.

Comes in: files, or blocks of pages, that map a sentence to a story, as `docs/testing.md` says. Goes out: each told
twice, by the engine (through the decoder, the inbox and the shard) and by the naive judge.
"""

from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml

from streams.core.language.vocabulary import CLOCKS, FUNCTIONS, OPTIONS
from streams.rulefiles import load
from streams.rulefiles.forms import FORMS
from streams.settings import Settings
from streams.testing import decoded, parse_rules
from streams.testing.lines import Told, told_of, write_told
from streams.testing.storyfiles import Story, read_stories, stories_beside
from streams.testing.verdicts import tell
from tests.anytime import ANY_TIME
from tests.oracle import judge
from tests.oracle.identities import named
from tests.pages import DOCS, blocks
from tests.zones import zone_of

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "tests/cases").rglob("*.yaml"))
SHIPPED = stories_beside(ROOT / "rules")
SETTINGS = Settings(earliest=ANY_TIME.earliest_ms)
BEHIND = {"where": "event"}  # an option whose cases are its function's


def on_pages() -> Iterable[Story]:
    """The blocks of YAML that are neither rules nor workflows; they are about the page's rules, where they bring none
    along. Those of messages are told by `tests/messagefiles/`."""
    for page in (page for page in DOCS if page.name != "delivery.md"):
        keys = {block.text: set(yaml.load(block.text, Loader=yaml.BaseLoader)) for block in blocks(page, "yaml")}
        texts = [text for text in keys if "jobs" not in keys[text]]
        rules = [text for text in texts if FORMS.keys() & keys[text]]
        for text in texts:
            if text not in rules:
                yield from read_stories(page.name, text, parse_rules(*rules))


TOLD = [
    *((story.rule, story) for story in SHIPPED),
    *((file.stem, story) for file in FILES for story in read_stories(file.name, file.read_text())),
    *((story.file, story) for story in on_pages()),
]
STORIES = [pytest.param(story, id=f"{name}: {story.title}") for name, story in TOLD]


@pytest.mark.filterwarnings("ignore:overflow")  # numpy's, where the kernel is not compiled
@pytest.mark.parametrize("story", STORIES)
def test_the_story_goes_as_told(story: Story) -> None:
    verdict = tell(story, SETTINGS)
    assert verdict.agrees, str(verdict)


@pytest.mark.parametrize("story", STORIES)
def test_the_naive_judge_tells_the_story_alike(story: Story) -> None:
    events = decoded(story.rulebook, story.records, ANY_TIME).events
    until_ms = max(event.ts for event in events) if story.until_ms is None else story.until_ms
    owed = judge(story.rulebook, named(events), until_ms, zone_of(story.timezone or "UTC"))
    found = [change for users in owed.values() for change in users if story.rule in (None, change.rule)]
    assert by_user(told_of(change, story.records) for change in found) == by_user(story.expected)


@pytest.mark.parametrize("rule", load(ROOT / "rules").names)
def test_every_shipped_rule_has_stories(rule: str) -> None:
    assert rule in {story.rule for story in SHIPPED}


@pytest.mark.parametrize("word", [*FUNCTIONS, *CLOCKS, *OPTIONS, *FORMS])
def test_every_word_of_the_language_has_cases(word: str) -> None:
    assert BEHIND.get(word, word) in {file.stem for file in FILES if file.parent.name == "language"}


def by_user(changes: Iterable[Told]) -> dict[str, list[str]]:
    """Changes of one user are in order; those of different users may come in any."""
    found: dict[str, list[str]] = {}
    for change in changes:
        found.setdefault(change.user, []).append(write_told(change))
    return found
