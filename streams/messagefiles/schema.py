"""JSON Schemas of message files, by which editors complete and check them while they are written.

Comes in: the forms. Goes out: `rules/messages/schema.json` and `caps.schema.json`, of draft 7. What `segmenter check`
takes, they take; what they cannot say (templates, what the rules carry) is left to `check`.
"""

import json
from collections.abc import Mapping
from typing import Final

from streams.messagefiles.endpoints import EndpointsFile
from streams.messagefiles.forms import CapsFile, MessageFile
from streams.rulefiles.forms import FileForm
from streams.rulefiles.schema import schema_of

SCHEMAS: Final[Mapping[str, type[FileForm]]] = {
    "schema.json": MessageFile,
    "caps.schema.json": CapsFile,
    "webhooks.schema.json": EndpointsFile,
}


def message_schema_text(name: str = "schema.json") -> str:
    return json.dumps(schema_of([SCHEMAS[name]]), indent=2) + "\n"
