"""The schemas and the document of the topics: right by their own rules, whole, and those that docs/ has."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from streams.schemas.asyncapi import HEADERS, RECORDS, document
from streams.schemas.files import SCHEMAS, texts
from streams.schemas.structs import object_of, said
from streams.sources.profile_commands import Command
from streams.topics import DELIVERY_COMMANDS, READ_BY_WORKERS, TOPICS
from tests.pages import ROOT


@pytest.mark.parametrize("path", texts(), ids=str)
def test_docs_has_what_the_code_says(path: Path) -> None:
    assert (ROOT / "docs" / path).read_text() == texts()[path], "python -m tests.pages"


def test_docs_has_no_schema_of_what_is_gone() -> None:
    assert {path.stem for path in (ROOT / "docs/schemas").iterdir()} == SCHEMAS.keys()


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_one_and_its_examples_hold_to_it(name: str) -> None:
    schema = SCHEMAS[name]
    Draft7Validator.check_schema(schema)
    assert schema["examples"]
    for each in schema["examples"]:
        Draft7Validator(schema).validate(each)


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_field_says_what_it_is(name: str) -> None:
    silent = [field for field, each in SCHEMAS[name]["properties"].items() if not each.get("description")]
    assert silent == []


def test_a_field_of_which_nothing_is_said_is_no_schema() -> None:
    fields = {name: said("It is.") for name in ("type", "messageId", "userId")}
    with pytest.raises(KeyError, match="timestamp"):
        object_of(Command, fields)
    with pytest.raises(KeyError, match="gone"):
        object_of(Command, {**fields, "timestamp": said("It is."), "gone": said("It was.")})


def test_every_topic_is_described_with_its_key_its_records_and_whether_it_is_compacted() -> None:
    whole: dict[str, Any] = yaml.safe_load(texts()[Path("asyncapi.yaml")])
    assert whole == document()
    assert whole["channels"].keys() == {topic.name for topic in TOPICS}
    assert RECORDS.keys() == set(TOPICS)
    for topic in TOPICS:
        channel = whole["channels"][topic.name]
        assert channel["bindings"]["kafka"]["topicConfiguration"]["cleanup.policy"] == [topic.cleanup]
        action = "receive" if topic in (*READ_BY_WORKERS, DELIVERY_COMMANDS) else "send"
        assert whole["operations"][f"{action}-{topic.name}"]["action"] == action
        for name in channel["messages"]:
            message = whole["components"]["messages"][name]
            assert message["bindings"]["kafka"]["key"]["description"] == topic.key
            if "payload" in message:
                assert (ROOT / "docs" / message["payload"]["schema"]["$ref"]).exists()


def test_every_header_is_described_that_is_written_and_no_other() -> None:
    assert {name for records in RECORDS.values() for each in records for name, _ in each.headers} == HEADERS.keys()
