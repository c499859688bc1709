"""The words that can stand in a rule or in its stories: of the language, and what this company's producers send.

Comes in: a `Window`. Goes out: `Words`, for the page on which a rule is written to offer them.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Final, Literal

import msgspec

from streams.core.language.spelling import is_plain_name
from streams.core.language.vocabulary import CLOCKS, FUNCTIONS, OPTIONS, SCORES
from streams.core.rules.rulebook import Rulebook
from streams.observed.names import Names, ObservedNames
from streams.rulefiles.forms import FORMS
from streams.rulefiles.traits import KINDS
from streams.state.format import OBSERVED
from streams.testing.lines import BILLING, VERBS
from streams.testing.story_schema import OF_RULES
from streams.testing.storyfiles import FORM
from streams.web.views.window import Window

MOST: Final = 500  # of what was seen, of each sort; the most frequent
Sort = Literal[
    "function", "option", "feature", "trait", "event", "property", "segment", "key", "story key", "verb", "billing"
]


class WordShown(msgspec.Struct, frozen=True, gc=False):
    """text: as it is written; of events and segments without quotes. says: what it is, in some words."""

    text: str
    sort: Sort
    says: str


class Words(msgspec.Struct, frozen=True, gc=False):
    words: tuple[WordShown, ...]


async def words(window: Window) -> Words:
    seen = ObservedNames()
    for _, record in sorted((await window.store.group.read(OBSERVED)).items()):
        seen.add(ObservedNames.decode(record))
    rulebook = (await window.rules()).rulebook
    of_company = (*_of_rules(rulebook), *_of_traits(seen.traits), *_of_events(seen))
    return Words((*_of_the_language(), *_of_stories(), *of_company))


def _of_the_language() -> Iterator[WordShown]:
    for name, clock in CLOCKS.items():
        yield WordShown(name, "feature", clock.meaning)
    for name, function in FUNCTIONS.items():
        yield WordShown(f"{name}(", "function", function.usage)
    for name, option in OPTIONS.items():
        yield WordShown(f"{name}=", "option", option.meaning)
    keys = {
        field.alias or name: field.description for form in FORMS.values() for name, field in form.model_fields.items()
    }
    for name, description in keys.items():
        yield WordShown(f"{name}: ", "key", description or "")


def _of_stories() -> Iterator[WordShown]:
    for key in FORM.keys:
        lines = " |" if key in FORM.must else " "
        yield WordShown(f"{key}:{lines}", "story key", OF_RULES[key]["description"])
    for verb in VERBS.values():
        yield WordShown(f"{verb} ", "verb", "a segment, or a level such as lifecycle/power")
    for name in sorted(BILLING):
        yield WordShown(name, "billing", "a billing update")
    yield WordShown("identify", "billing", "traits of somebody")


def _of_rules(rulebook: Rulebook) -> Iterator[WordShown]:
    for segment in rulebook.segments:
        yield WordShown(segment, "segment", "a segment of these rules")
    for name in rulebook.scores:
        yield from (WordShown(f"{name}.{part}", "feature", word.meaning) for part, word in SCORES.items())


def _of_traits(seen: Names) -> Iterator[WordShown]:
    for name, kind in KINDS.items():
        yield WordShown(name, "trait", f"set by billing, a {kind}")
    for name in _most_frequent(seen, but=KINDS):
        written = name if all(map(is_plain_name, name.split("."))) else f"trait({json.dumps(name, ensure_ascii=False)})"
        yield WordShown(written, "trait", _seen(seen.counts[name]))


def _of_events(seen: ObservedNames) -> Iterator[WordShown]:
    for name in _most_frequent(seen.events):
        yield WordShown(name, "event", _seen(seen.events.counts[name]))
    properties = seen.properties_of(None)
    for name in _most_frequent(properties):
        yield WordShown(name, "property", _seen(properties.counts[name]))


def _most_frequent(seen: Names, but: Iterable[str] = ()) -> list[str]:
    known = set(but)
    return sorted((name for name in seen.counts if name not in known), key=lambda name: -seen.counts[name])[:MOST]


def _seen(times: int) -> str:
    return f"seen {times:,} times of late"
