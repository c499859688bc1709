"""The shape of a rule file: which of the three forms it is, and whether it holds to it.

Comes in: a document. Goes out: the form as filled in by the file if there are no faults, and the faults, each where
it stands in the file.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from streams.core.language.faults import did_you_mean, nearest
from streams.errors import Fault
from streams.rulefiles.document import Data, Document, Location
from streams.rulefiles.forms import FORMS, OTHERWISE, FileForm, Form, ScoresFile, TierFile, is_otherwise

F = TypeVar("F", bound=FileForm)

WRONG = {
    "string_type": "a text belongs here",
    "string_too_short": "this is empty",
    "list_type": "a list belongs here",
    "dict_type": "`name: text` pairs belong here",
    "model_type": "`name: [..]` pairs belong here",
    "too_short": "too few: at least {min_length} belong here",
    "too_long": "too many: at most {max_length} belong here",
    "literal_error": "this can only be {expected}",
}


def check_shape(document: Document, form: type[F]) -> tuple[F | None, list[Fault]]:
    faults = list(_between_keys(document, form))
    try:
        filled = form.model_validate(document.data)
    except ValidationError as error:
        faults += _within_keys(document, form, error.errors())
        return None, faults
    return None if faults else filled, faults


def form_of(document: Document) -> type[Form] | Fault:
    """The form whose key the file has; failing that, the one whose other keys it has."""
    named = [key for key in document.data if key in FORMS]
    if len(named) > 1:
        hint = "give each a file of its own"
        return document.at_key((named[1],), f"a file is one rule: `{named[0]}` and `{named[1]}` are two", hint)
    if named:
        return FORMS[named[0]]
    likely = max(FORMS.values(), key=lambda form: _own_keys(document, form))
    if _own_keys(document, likely):
        return likely
    hint = f"a rule begins with one of them, like `segment: {document.stem}`"
    return document.at_start("there is no `segment`, no `tier` and no `scores`", hint)


def _own_keys(document: Document, form: type[Form]) -> int:
    own = form.model_fields.keys() - Form.model_fields.keys()
    return sum(1 for key in document.data if nearest(key, own))


def _within_keys(document: Document, form: type[FileForm], errors: list[ErrorDetails]) -> Iterator[Fault]:
    misspelt = {
        (*at, nearest(str(key), _known(form, at)))
        for *at, key in (error["loc"] for error in errors if error["type"] == "extra_forbidden")
    }
    for error in errors:
        location = error["loc"]
        if error["type"] == "extra_forbidden":
            yield _unknown(document, form, location)
        elif error["type"] != "missing":
            yield _wrong(document, form, error)
        elif location not in misspelt:
            yield _missing(document, form, location)


def _unknown(document: Document, form: type[FileForm], location: Location) -> Fault:
    *at, key = location
    known = _known(form, at)
    hint = did_you_mean(str(key), known) or f"{getattr(_model(form, at), 'called', 'it')} can have {', '.join(known)}"
    return document.at_key(location, f"there is no key `{key}`", hint)


def _missing(document: Document, form: type[FileForm], location: Location) -> Fault:
    *at, key = location
    message, hint = f"`{key}` is missing", f"such as {key}: {_example(_model(form, at), str(key))}"
    if key == form.key:
        hint = f"{key}: {document.stem}"
    return document.at_value(tuple(at), message, hint) if at else document.at_start(message, hint)


def _wrong(document: Document, form: type[FileForm], error: ErrorDetails) -> Fault:
    location, context = error["loc"], error.get("ctx", {})
    while location not in document.values and location[-1] != "[key]":
        location = location[:-1]  # one text stands where there may be a list
    if error["type"] in WRONG:
        example = _example(form, str(location[0])) if len(location) == 1 else ""
        message = WRONG[error["type"]].format(**context)
        return document.at_value(location, message, f"such as {example}" if example else "")
    if location[-1] == "[key]":
        return document.at_key(location[:-1], error["msg"], context["hint"])
    return document.at_value(location, error["msg"], context["hint"])


def _model(form: type[FileForm], at: Sequence[str | int]) -> type[BaseModel]:
    """The form of a part: of `fixed` those of edges, of `variants.a` that of what a variant says."""
    model: type[BaseModel] = form
    for step in at:
        if step in model.model_fields:
            model = next(_models(model.model_fields[str(step)].annotation), model)
    return model


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """Those that a type is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _known(form: type[FileForm], at: Sequence[str | int]) -> list[str]:
    """The keys of a form, its own first."""
    fields = list(_model(form, at).model_fields)
    return sorted(fields, key=lambda key: key in Form.model_fields)


def _example(model: type[BaseModel], key: str) -> str:
    """As it would stand in the file, or nothing."""
    examples = model.model_fields[key].examples
    if not examples:
        return ""
    text: str = yaml.safe_dump(examples[0], default_flow_style=True, sort_keys=False, width=1_000)
    return text.removesuffix("\n...\n").strip()


def _between_keys(document: Document, form: type[FileForm]) -> Iterator[Fault]:
    """What a key means for the others and for the file."""
    name = document.data.get(form.key)
    if isinstance(name, str) and name != document.stem and re.fullmatch(form.pattern, name):
        hint = f"or {form.key}: {document.stem}" if re.fullmatch(form.pattern, document.stem) else ""
        yield document.at_value((form.key,), f"the file of {form.called} must be called {name}.yaml", hint)
    if form is TierFile:
        yield from _otherwise(document, document.data.get("levels"))
    if form is ScoresFile:
        yield from _method(document)


def _otherwise(document: Document, levels: Data | None) -> Iterator[Fault]:
    """The last level, and no other, takes all that are left."""
    if not isinstance(levels, dict) or not levels:
        return
    *before, last = levels
    early = [level for level in before if is_otherwise(levels[level])]
    for level in early:
        message = f"only the last level can be `{OTHERWISE}`: nobody would ever be in those below it"
        hint = "take it away" if is_otherwise(levels[last]) else "move it to the end"
        yield document.at_value(("levels", level), message, hint)
    if not is_otherwise(levels[last]) and not early:
        message = f"the last level must be `{OTHERWISE}`, so that everybody has one"
        yield document.at_key(("levels", last), message, f"add a line below, like `other: {OTHERWISE}`")


def _method(document: Document) -> Iterator[Fault]:
    """Edges are made, or given."""
    has = document.data.keys()
    if "method" in has and "fixed" in has:
        yield document.at_key(("fixed",), "`method` and `fixed` are two ways to make scores", "keep one of them")
    elif "fixed" in has and "refresh" in has:
        yield document.at_key(("refresh",), "fixed edges are never made anew", "take it away, or the fixed edges")
    elif not {"method", "fixed"} & has and not any(nearest(key, ["method", "fixed"]) for key in has):
        hint = f"method: quintiles, or edges of your own, fixed: {_example(ScoresFile, 'fixed')}"
        yield document.at_start("there is neither `method` nor `fixed`", hint)
