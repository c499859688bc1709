"""A JSON Schema made from a struct, so that it cannot say anything else than the code.

Comes in: a struct, and what there is to be said of each of its fields. Goes out: a schema of draft 7, which
every tool knows. A field of which nothing is said, and one that is not there, is a KeyError.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from streams.core.subjects import USER, SubjectKind

Json = dict[str, Any]

DRAFT: Final = "http://json-schema.org/draft-07/schema#"

# An instant that others wrote, and one that we did.
TIME: Final[Json] = {"pattern": "^[0-9]{4}-?W?[0-9]{2}"}
OUR_TIME: Final[Json] = {"format": "date-time"}


def schema_of(struct: type[msgspec.Struct], title: str, description: str, fields: Mapping[str, Json]) -> Json:
    """fields: by name, a description and what else is to be said of the field."""
    made = object_of(struct, fields)
    return {"$schema": DRAFT, "title": title, "description": description, **made}


def object_of(struct: type[msgspec.Struct], fields: Mapping[str, Json]) -> Json:
    """The same, as a part of another schema."""
    _, defined = msgspec.json.schema_components((struct,), schema_hook=_anything, ref_template="{name}")
    made: Json = _plain(defined[struct.__name__], defined)
    names = made["properties"].keys()
    if names != fields.keys():
        raise KeyError(f"{struct.__name__}: {sorted(names ^ fields.keys())}")
    return made | {"properties": {name: made["properties"][name] | fields[name] for name in fields}}


def name_of(what: str, kind: SubjectKind) -> str:
    """What the schema is called: `change`, and of other kinds than users such as `account-change`."""
    return what if kind == USER else f"{kind.name}-{what}"


def said(description: str, **more: Any) -> Json:
    """What is to be said of a field."""
    return {"description": description, **more}


def _anything(_: type) -> Json:
    """Of a type for which any JSON will do; msgspec wants something to be said of it."""
    return {"title": "anything"}


def _plain(schema: Any, defined: Mapping[str, Json]) -> Any:
    """Without references, without what msgspec says by itself, and types in one list."""
    if isinstance(schema, list):
        return [_plain(each, defined) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _plain(defined[schema["$ref"]], defined)
    found: Json = {
        name: {field: _plain(each[field], defined) for field in each} if name == "properties" else _plain(each, defined)
        for name, each in schema.items()
        if not _is_idle(name, each)
    }
    return _of_types(found.pop("anyOf"), found) if "anyOf" in found else found


def _is_idle(name: str, value: object) -> bool:
    """Whether it is what msgspec says by itself, or says nothing."""
    return name in ("title", "description") or (name in ("properties", "required", "default") and not value)


def _of_types(choices: list[Json], more: Json) -> Json:
    """One of several types, each other than the rest: what is said of one says nothing of the others."""
    names = [each.pop("type") for each in choices]
    kinds = [name for name in names if name != "integer" or "number" not in names]
    return {"type": kinds, **{name: value for each in choices for name, value in each.items()}, **more}
