"""The schemas and the document as files, as docs/ has them.

Comes in: nothing. Goes out: by path, the text of each file.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import yaml

from streams.core.subjects import KINDS
from streams.schemas import asyncapi, billing_update, change, delivery, membership, product_event, profile_command
from streams.schemas.asyncapi import FOLDER
from streams.schemas.structs import Json, name_of

SCHEMAS: Final[Mapping[str, Json]] = {
    "product-event": product_event.schema(),
    "billing-update": billing_update.schema(),
    "profile-command": profile_command.schema(),
    **{name_of("change", kind): change.schema(kind) for kind in KINDS},
    "delivery": delivery.schema(),
    "message": delivery.message_schema(),
    **{name_of("membership", kind): membership.schema(kind) for kind in KINDS},
}


def texts() -> dict[Path, str]:
    schemas = {Path(FOLDER, f"{name}.json"): json.dumps(schema, indent=2) + "\n" for name, schema in SCHEMAS.items()}
    document = yaml.safe_dump(asyncapi.document(), sort_keys=False, allow_unicode=True, width=120)
    return {**schemas, Path("asyncapi.yaml"): document}


def write(folder: Path) -> None:
    for path, text in texts().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
