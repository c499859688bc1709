"""A JSON Schema of rule files, by which editors complete and check them while they are written.

Comes in: the forms. Goes out: the schema, which `rules/schema.json` holds. What `segmenter check` takes, it takes; what
it cannot say (expressions, the order of levels) is left to `check`. It is of draft 7, which every editor knows.
"""

import json
from collections.abc import Sequence

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from streams.rulefiles.forms import FORMS, FileForm


class _ForEditors(GenerateJsonSchema):
    """An editor offers what it finds: no null for what is left out, no default that is no text of a file."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, schema: object) -> bool:
        return False

    def sort(self, value: JsonSchemaValue, parent_key: str | None = None) -> JsonSchemaValue:
        return value


def schema() -> JsonSchemaValue:
    return schema_of(list(FORMS.values()))


def schema_of(forms: Sequence[type[FileForm]]) -> JsonSchemaValue:
    """Of files of which each has one of the forms, told by its key where there are several."""
    models, defined = models_json_schema(
        [(form, "validation") for form in forms],
        schema_generator=_ForEditors,
        ref_template="#/definitions/{model}",
    )
    whole: JsonSchemaValue = {"anyOf": [models[form, "validation"] for form in forms]}
    for form in forms if len(forms) > 1 else ():
        whole = {"if": {"required": [form.key]}, "then": models[form, "validation"], "else": whole}
    return {"$schema": "http://json-schema.org/draft-07/schema#", **whole, "definitions": defined["$defs"]}


def schema_text() -> str:
    return json.dumps(schema(), indent=2) + "\n"
