"""The description of the API: an OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.0).

Comes in: the rows of `resources.py`. Goes out: the document. What an answer is made of is described by msgspec.
"""

import inspect
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from streams import __version__
from streams.web.api.asking import ROOT, Parameter, Resource

MEANS: Final = {
    "user": "A user id; what is no letter or digit is percent-encoded.",
    "segment": "Such as churn-risk; a level as lifecycle%2Fpower.",
    "rule": "The name of a rule.",
    "backtest": "Its id, 16 hexadecimal digits.",
    "message": "The name of a message.",
}
SCHEMAS: Final = {
    "text": {"type": "string"},
    "time": {"type": "string", "format": "date-time"},
}
FAULTS: Final = {
    "400": "What was asked cannot be.",
    "401": "No token, or one that does not hold.",
    "403": "It is for editors, or a page of another site sent it.",
    "404": "Nobody, or nothing, is called so.",
    "429": "Too much at once; come again.",
    "503": "Redis or Kafka is away, or no worker has begun; come again.",
}
# Of what has a body.
FAULTS_OF_BODIES: Final = {
    "408": "The body was not all there in time.",
    "413": "The body is too large.",
}


class Fault(msgspec.Struct):
    """code: for programs. message: for a person."""

    code: str
    message: str


def document(rows: Sequence[Resource]) -> dict[str, Any]:
    sent = [each for row in rows for each in (row.gives, row.takes) if each is not None]
    schemas, components = msgspec.json.schema_components([*sent, Fault], ref_template="#/components/schemas/{name}")
    for schema in components.values():
        if "description" in schema:  # a docstring, which only from Python 3.13 on is without its indentation
            schema["description"] = inspect.cleandoc(schema["description"])
    of = dict(zip([*sent, Fault], schemas, strict=True))
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
        "paths": _paths(rows, of),
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _paths(rows: Sequence[Resource], of: Mapping[type, object]) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for row in rows:
        paths.setdefault(row.path, {})[row.method.lower()] = _operation(row, of)
    return paths


def _operation(row: Resource, of: Mapping[type, object]) -> dict[str, Any]:
    named = [_in_path(name) for name in re.findall(r"{(\w+)}", row.path)]
    known = FAULTS if row.takes is None else FAULTS | FAULTS_OF_BODIES
    faults = {status: _answer(tells, of[Fault]) for status, tells in sorted(known.items())}
    said = re.findall(r"\w+", row.path)
    operation = {
        "operationId": "-".join(said if row.method == "GET" else [row.method.lower(), *said]),
        "summary": row.tells,
        "parameters": [*named, *map(_in_query, row.parameters)],
        "responses": {"200": _answer(row.tells, of[row.gives]), **faults},
    }
    if row.takes is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": of[row.takes]}}}
    return operation


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
