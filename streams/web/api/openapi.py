"""The description of the API: an OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.0).

Comes in: the rows of `resources.py`. Goes out: the document. What an answer is made of is described by msgspec.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from streams import __version__
from streams.web.api.asking import ROOT, Parameter, Resource

MEANS: Final = {
    "user": "A user id; what is no letter or digit is percent-encoded.",
    "segment": "Such as churn-risk; a level as lifecycle%2Fpower.",
    "rule": "The name of a rule.",
}
SCHEMAS: Final = {
    "text": {"type": "string"},
    "time": {"type": "string", "format": "date-time"},
}
FAULTS: Final = {
    "400": "What was asked cannot be.",
    "401": "No token, or one that does not hold.",
    "404": "Nobody, or nothing, is called so.",
    "503": "Redis or Kafka is away, or no worker has begun; come again.",
}


class Fault(msgspec.Struct):
    """code: for programs. message: for a person."""

    code: str
    message: str


def document(rows: Sequence[Resource]) -> dict[str, Any]:
    gives = [row.gives for row in rows]
    schemas, components = msgspec.json.schema_components([*gives, Fault], ref_template="#/components/schemas/{name}")
    *answers, fault = schemas
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "segmenter",
            "version": __version__,
            "summary": "Segments of your users, live: who is in, and why.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": ROOT}],
        "security": [{"token": []}],
        "paths": {row.path: {"get": _operation(row, schema, fault)} for row, schema in zip(rows, answers, strict=True)},
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(row: Resource, schema: object, fault: object) -> dict[str, Any]:
    named = [_in_path(name) for name in re.findall(r"{(\w+)}", row.path)]
    faults = {status: _answer(tells, fault) for status, tells in FAULTS.items()}
    return {
        "operationId": "-".join(re.findall(r"\w+", row.path)),
        "summary": row.tells,
        "parameters": [*named, *map(_in_query, row.parameters)],
        "responses": {"200": _answer(row.tells, schema), **faults},
    }


def _answer(tells: str, schema: object) -> dict[str, Any]:
    return {"description": tells, "content": {"application/json": {"schema": schema}}}


def _in_path(name: str) -> dict[str, Any]:
    said = {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    return {**said, "description": MEANS[name]}


def _in_query(parameter: Parameter) -> dict[str, Any]:
    schema: dict[str, Any] = dict(SCHEMAS.get(parameter.sort, {}))
    if parameter.sort == "number":
        schema = {"type": "integer", "minimum": 1, "maximum": parameter.most, "default": parameter.usually}
    return {"name": parameter.name, "in": "query", "schema": schema, "description": parameter.means}
