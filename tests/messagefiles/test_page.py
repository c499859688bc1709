"""What docs/delivery.md shows is checked, told and run."""

import base64
import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any, Final

import pytest
from standardwebhooks import Webhook

from streams.delivery.webhook import AGAIN_AFTER_MS, key_of, signed
from streams.messagefiles import parse_messages
from streams.messagefiles.forms import CapsFile, ContentFile, MessageFile
from streams.rulefiles import load
from streams.testing.message_stories import read_message_stories
from streams.testing.message_verdicts import tell_message
from tests.pages import ROOT, blocks

PAGE: Final = ROOT / "docs/delivery.md"
MESSAGE, CAPS, STORIES, WEBHOOKS = (block.text for block in blocks(PAGE, "yaml"))
RULEBOOK: Final = load(ROOT / "rules")
MESSAGES: Final = parse_messages(RULEBOOK, MESSAGE, caps=CAPS, webhooks=WEBHOOKS)
SECRET: Final = "whsec_" + base64.b64encode(b"s" * 32).decode()
BODY: Final = '{"data": "ü"}'.encode()


@pytest.mark.parametrize(
    "story", read_message_stories(PAGE.name, STORIES, RULEBOOK, MESSAGES, "come-back"), ids=lambda story: story.title
)
def test_the_story_goes_as_told(story: Any) -> None:
    verdict = tell_message(story)
    assert verdict.agrees, str(verdict)


def test_every_key_of_a_message_is_told() -> None:
    text = PAGE.read_text()
    for key in {*MessageFile.model_fields, *ContentFile.model_fields, *CapsFile.model_fields} - {"description"}:
        assert f"`{key}`" in text or f"\n{key}:" in text, key


def test_the_schedule_is_the_one_of_the_code() -> None:
    assert [ms // 1000 for ms in AGAIN_AFTER_MS] == [5, 300, 1800, *(hours * 3600 for hours in (2, 5, 10, 14, 20, 24))]
    assert "5 seconds, 5 minutes, half an hour, 2, 5, 10, 14, 20 and 24 hours" in PAGE.read_text()


def headers(at_s: int, body: bytes = BODY) -> dict[str, str]:
    return signed("id", at_s, body, [key_of(SECRET)])


def test_the_verification_that_is_shown_in_python_agrees_with_the_library() -> None:
    there: dict[str, Any] = {}
    exec(blocks(PAGE, "python")[0].text, there)
    now_s = int(time.time())
    assert Webhook(SECRET).verify(BODY, headers(now_s)) == {"data": "ü"}
    assert there["verified"](BODY, headers(now_s), SECRET)
    assert not there["verified"](BODY + b" ", headers(now_s), SECRET)
    assert not there["verified"](BODY, headers(now_s - 400), SECRET)


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node on this machine")
def test_the_verification_that_is_shown_in_node_agrees_with_the_library(tmp_path: Path) -> None:
    (tmp_path / "verified.mjs").write_text(blocks(PAGE, "js")[0].text)
    now_s = int(time.time())
    asked = [(BODY, headers(now_s)), (BODY + b" ", headers(now_s)), (BODY, headers(now_s - 400))]
    given = [[body.hex(), said] for body, said in asked]
    script = (
        'import { verified } from "./verified.mjs"\n'
        f"const asked = {json.dumps(given)}\n"
        f'const answers = asked.map(([body, said]) => verified(Buffer.from(body, "hex"), said, "{SECRET}"))\n'
        "console.log(JSON.stringify(answers))"
    )
    (tmp_path / "ask.mjs").write_text(script)
    answer = subprocess.run(["node", "ask.mjs"], cwd=tmp_path, capture_output=True, check=True, text=True)
    assert json.loads(answer.stdout) == [True, False, False]
