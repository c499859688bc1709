"""The schema for editors: it is the one that is checked in, and at odds with `segmenter check` about no rule."""

import json
import re
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from streams.rulefiles.document import read
from streams.rulefiles.folder import find
from streams.rulefiles.reading import Names, read_rule
from streams.rulefiles.schema import schema, schema_text

RULES: Final = Path(__file__).parents[2] / "rules"
FIRST_LINE: Final = re.compile(r"# yaml-language-server: \$schema=(\S+)\n")
NUMBER: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
WORDS: Final = {"": None, "~": None, "null": None, "true": True, "false": False}
EDITOR: Final = jsonschema.Draft7Validator(schema())

SEGMENT = "segment: a\nenter: paying\n"
TIER = "tier: a\nlevels: {new: tenure_days < 14, old: otherwise}\n"
SCORES = "scores: a\nrecency: idle_days\nfrequency: count(any)\nmonetary: mrr\n"
EDGES = "fixed: {r: [1, 7, 14, 30], f: [2, 5, 10, 20], m: [10, 50, 100, 500]}\n"
GOOD = {
    "a segment": SEGMENT,
    "a whole segment": f"{SEGMENT}exit: false\nmin_stay: 1d\ninclude: [plan, 7]\nlabels: {{a: 1, b: }}\ndescription:\n",
    "a tier": TIER,
    "a tier of odd levels": "tier: a\nlevels: {on: mrr > 9, 1.5: paying, null: idle_days > 9, no: 'otherwise'}\n",
    "quintiles": f"{SCORES}method: quintiles\nrefresh: 90m\ninclude: [plan]\n",
    "fixed edges": f"{SCORES}{EDGES}",
    "a constant for a value": f"{SCORES.replace('mrr', '1')}method: quintiles\n",
}
BAD = {
    "nothing": "description: nothing\n",
    "two in one": SEGMENT + TIER,
    "a key that is misspelt": SEGMENT.replace("enter", "entr"),
    "a key of another form": f"{TIER}min_stay: 1d\n",
    "a name that cannot be one": SEGMENT.replace("a\n", "a b\n", 1),
    "a name of scores that cannot be read": SCORES.replace("a\n", "r-f-m\n", 1) + "method: quintiles\n",
    "no condition": "segment: a\nenter:\n",
    "a list for a text": "segment: a\nenter: [paying]\n",
    "a text for a list": f"{SEGMENT}include: plan\n",
    "no time": f"{SEGMENT}min_stay: 1 day\n",
    "one level": "tier: a\nlevels: {old: otherwise}\n",
    "a level that cannot be called so": TIER.replace("new:", "very new:"),
    "neither way to make scores": SCORES,
    "both ways to make scores": f"{SCORES}method: quintiles\n{EDGES}",
    "another method": f"{SCORES}method: quartiles\n",
    "fixed edges made anew": f"{SCORES}{EDGES}refresh: 1h\n",
    "three edges": SCORES + EDGES.replace("1, 7, 14", "1, 7"),
    "an edge that is no number": SCORES + EDGES.replace("500", "many"),
    "edges of two scores": SCORES + EDGES.replace("m: [10", "x: [10"),
}


def as_an_editor_reads(text: str) -> Any:
    """YAML 1.2, as JSON."""
    return plain(yaml.compose(text, Loader=yaml.BaseLoader))


def plain(node: yaml.Node | None) -> Any:
    match node:
        case yaml.MappingNode(value=pairs):
            return {key.value: plain(value) for key, value in pairs}
        case yaml.SequenceNode(value=items):
            return [plain(item) for item in items]
    assert isinstance(node, yaml.ScalarNode)
    if node.style:
        return node.value
    return float(node.value) if NUMBER.fullmatch(node.value) else WORDS.get(node.value, node.value)


def is_checked(text: str, name: str = "a") -> bool:
    return not read_rule(read(f"{name}.yaml", text), Names((), (), ())).faults


def test_the_schema_that_ships_is_the_one_of_the_forms() -> None:
    assert (RULES / "schema.json").read_text() == schema_text(), "segmenter check --schema > rules/schema.json"


def test_the_schema_is_a_right_json_schema() -> None:
    jsonschema.Draft7Validator.check_schema(json.loads(schema_text()))


@pytest.mark.parametrize("rule", [path for path in find(RULES)[0] if path.parent == RULES], ids=lambda rule: rule.stem)
def test_a_rule_that_ships_names_the_schema_and_holds_to_it(rule: Path) -> None:
    text = rule.read_text()
    named = FIRST_LINE.match(text)
    assert named
    assert (rule.parent / named[1]).samefile(RULES / "schema.json")
    assert list(EDITOR.iter_errors(as_an_editor_reads(text))) == []


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_an_editor_underlines_nothing_of_a_rule_that_is_right(text: str) -> None:
    assert is_checked(text)
    assert list(EDITOR.iter_errors(as_an_editor_reads(text))) == []


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_an_editor_underlines_what_check_refuses(text: str) -> None:
    assert not is_checked(text)
    assert not EDITOR.is_valid(as_an_editor_reads(text))


fragments = st.sampled_from([
    "", "a", "'a b'", "7", "-.5", "true", "null", "paying", "idle_days", "1d", "0s", "quintiles", "otherwise",
    "[]", "[plan]", "[1, 2, 3, 4]", "[7, true]", "{}", "{a: b}", "{a: paying, b: otherwise}",
    "{1: true, on: otherwise}", "{r: [1, 2, 3, 4], f: [1, 2, 3, 4.5], m: [-1, 0, 1, 1e9]}",
])  # fmt: skip
keys = st.sampled_from([
    "description", "include", "labels", "enter", "exit", "min_stay", "levels", "recency", "frequency", "monetary",
    "method", "fixed", "refresh", "other",
])  # fmt: skip
names = st.sampled_from(["a", "7", "1.5", "true", "on", "a-b", "A_b"])


@given(st.sampled_from(list(GOOD.values())), names, st.dictionaries(keys, fragments, max_size=2))
def test_whatever_check_takes_an_editor_takes(good: str, name: str, others: dict[str, str]) -> None:
    lines = {key: value.strip() for key, _, value in (line.partition(":") for line in good.splitlines())}
    form, *_ = lines
    text = "".join(f"{key}: {value}\n" for key, value in {**lines, form: name, **others}.items())
    if is_checked(text, name):
        assert list(EDITOR.iter_errors(as_an_editor_reads(text))) == []
