"""`docs/sources.md`: every record it shows can be used, and says what the page says."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from streams.core.events import Event, Reads
from tests.decoders import Decoder

PAGE = (Path(__file__).parents[2] / "docs" / "sources.md").read_text()
LINES = [line for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
TOOLS = (
    *("Segment", "RudderStack", "PostHog", "Mixpanel", "Amplitude", "Userpilot", "HubSpot", "Salesforce", "Zendesk"),
    *("Intercom", "Typeform", "Stripe", "PayPro Global"),
)
READ = frozenset({"feature", "score", "survey", "priority", "topic", "status", "template"})
DECODER = Decoder(Reads({}, of_any=READ, context=frozenset({"locale", "os.name", "timezone"})))


def decoded(line: str) -> Event:
    decode = DECODER.billing if json.loads(line)["type"] == "billing" else DECODER.product
    found = decode(line.encode(), None, None)
    assert isinstance(found, Event), found
    return found


@pytest.mark.parametrize("line", LINES)
def test_every_record_of_the_page_can_be_used(line: str) -> None:
    record: dict[str, Any] = json.loads(line)
    event = decoded(line)
    assert (event.subject, event.message_id) == (record["userId"], record["messageId"])
    assert event.name == record.get("event", "")
    assert event.active == (record["type"] == "track" and record.get("context", {}).get("active", True))


@pytest.mark.parametrize("tool", TOOLS)
def test_every_tool_of_the_field_has_its_section(tool: str) -> None:
    assert any(tool in heading for heading in re.findall(r"^## (.*)$", PAGE, re.MULTILINE))


def test_no_message_id_is_shown_twice() -> None:
    ids = [json.loads(line)["messageId"] for line in LINES]
    assert len(set(ids)) == len(ids)


def test_the_clients_clock_is_corrected_as_the_page_shows() -> None:
    [sent_by_an_sdk] = [line for line in LINES if '"messageId": "ajs-1"' in line]
    assert decoded(sent_by_an_sdk).ts == 1_772_355_600_200  # arrived at 09:00:01.2, sent a second after it happened
