"""The schemas of stories: those that are checked in, and at odds with `segmenter test` about no story that ships."""

import json
import re
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
import yaml

from streams.errors import RuleError
from streams.testing.story_schema import message_story_schema_text, story_schema_text
from streams.testing.storyfiles import read_stories

ROOT: Final = Path(__file__).parents[2]
RULES: Final = ROOT / "rules"
FILES: Final = sorted(RULES.rglob("*.stories.yaml"))
SCHEMAS: Final = {
    RULES / "stories.schema.json": story_schema_text(),
    RULES / "messages/stories.schema.json": message_story_schema_text(),
}
FIRST_LINE: Final = re.compile(r"# yaml-language-server: \$schema=(\S+)\n")
STORY: Final = "it happens:\n  events: |\n    2026-03-01 09:00  ann  Signed In\n  changes: ''\n"


def problems(schema: str, text: str) -> list[Any]:
    return list(jsonschema.Draft7Validator(json.loads(schema)).iter_errors(yaml.load(text, yaml.BaseLoader)))


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.parent.name)
def test_the_schemas_that_ship_are_those_of_the_readers(path: Path) -> None:
    assert path.read_text() == SCHEMAS[path], "segmenter test --schema, and --message-schema"
    jsonschema.Draft7Validator.check_schema(json.loads(SCHEMAS[path]))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_stories_that_ship_name_their_schema_and_hold_to_it(path: Path) -> None:
    named = FIRST_LINE.match(path.read_text())
    assert named
    assert problems(SCHEMAS[(path.parent / named[1]).resolve()], path.read_text()) == []


@pytest.mark.parametrize("path", sorted((ROOT / "tests/cases").rglob("*.yaml")), ids=lambda path: path.stem)
def test_stories_that_bring_their_rules_along_hold_to_it_too(path: Path) -> None:
    assert problems(story_schema_text(), path.read_text()) == []


@pytest.mark.parametrize(
    "text",
    [
        STORY.replace("changes", "change"),
        STORY + "  untill: 2026-03-02\n",
        "it happens: nothing\n",
        STORY.replace("changes: ''", "changes: []"),
        "timezone: [UTC]\n" + STORY,
    ],
)
def test_what_is_no_story_is_underlined_and_refused(text: str) -> None:
    assert problems(story_schema_text(), text)
    with pytest.raises(RuleError):
        read_stories("a.yaml", text)
