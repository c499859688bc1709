"""JSON Schemas of story files, by which editors complete and check them while they are written.

Goes out: the schemas, which `rules/stories.schema.json` and the one beside messages hold; of draft 7, which every
editor knows. What `segmenter test` takes, they take; what they cannot say (the lines of a story) is left to it.
"""

import json
from collections.abc import Collection
from typing import Any, Final

from streams.testing import message_stories, storyfiles
from streams.testing.storyreader import Form

Json = dict[str, Any]

TITLE: Final = "A sentence that says what happens; below it what did, and what comes of it."
OF_RULES: Final[Json] = {
    "events": {"type": "string", "description": "A line each: 2026-03-01 09:00  ann  Signed In  plan=pro"},
    "changes": {
        "type": "string",
        "description": "What comes of it, if anything: 2026-03-08 09:00  ann  enters gone-quiet  (timer)",
    },
    "until": {"type": "string", "description": "How far time comes; without it, to the newest event."},
    "timezone": {"type": "string", "description": "Whose days count, such as America/New_York."},
    "utc_offset": {"type": "string", "description": "The old name of timezone, for an offset such as -08:00."},
    "rules": {
        "type": "array",
        "items": {"type": "object"},
        "description": "Rules of its own, where the file does not stand beside the one that it is about.",
    },
}
OF_MESSAGES: Final[Json] = {
    **OF_RULES,
    "changes": {"type": "string", "description": "A line each: 2026-03-15 09:00  ann  enters churn-risk  plan=pro"},
    "messages": {
        "type": "string",
        "description": 'What is decided, if anything: 2026-03-15 11:00  ann  sent  title="We miss you"',
    },
}


def schema(form: Form, said: Json, beside: Collection[str] = ()) -> Json:
    """beside: what a file may say for all of its stories."""
    story = {
        "type": "object",
        "description": TITLE,
        "properties": {key: said[key] for key in form.keys},
        "required": list(form.must),
        "additionalProperties": False,
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        # a story, too, may be called `rules`
        "properties": {key: {"anyOf": [said[key], story]} for key in beside},
        "additionalProperties": story,
    }


def story_schema_text() -> str:
    return json.dumps(schema(storyfiles.FORM, OF_RULES, storyfiles.FOR_ALL), indent=2) + "\n"


def message_story_schema_text() -> str:
    return json.dumps(schema(message_stories.FORM, OF_MESSAGES), indent=2) + "\n"
