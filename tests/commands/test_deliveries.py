"""`segmenter deliveries`: endpoints tried, told of, let in again; what is to go once more."""

import asyncio
import base64
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from standardwebhooks import Webhook

from streams.admin.sending_again import the_one
from streams.cli import main
from streams.delivery.decision import Decision
from streams.dispatch.standing import Standings
from streams.embedded.redis import RedisServer
from streams.errors import UsageError
from streams.lifecycle import applying
from streams.lifecycle.checking import check_files
from streams.outputs.delivery import DeliveryRecord, decode_delivery, encode_delivery
from streams.rulefiles.folder import read_files
from streams.settings import Settings
from streams.state.opening import opened_store
from tests.dispatch.endpoint import receiving
from tests.pages import ROOT

SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CRM_SECRET", SECRET)
    (tmp_path / "a.yaml").write_text("segment: a\nenter: paying\n")
    return tmp_path


@pytest.fixture
def there(rules: Path, redis_server: RedisServer, group: str) -> tuple[str, ...]:
    return ("--rules", str(rules), "--redis", redis_server.url, "--group", group)


def hooks(rules: Path, url: str) -> None:
    (rules / "webhooks.yaml").write_text(f"endpoints:\n  crm:\n    url: {url}\n    secret: CRM_SECRET\n")


async def run(*arguments: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, main, ["deliveries", *arguments])


async def test_an_endpoint_is_tried_as_all_webhooks_are(there: tuple[str, ...], rules: Path) -> None:
    async with receiving() as receiver:
        hooks(rules, receiver.url)
        refused = await run("test", "crm", *there)
        assert (refused.exit_code, receiver.got) == (1, [])
        assert "is a private address" in refused.output
        allowed = (*there, "--webhook-private", "127.0.0.0/8")
        tried = await run("test", "crm", *allowed)
        assert (tried.exit_code, tried.output) == (0, "crm: HTTP 204\n")
        assert Webhook(SECRET).verify(receiver.got[0].body, receiver.got[0].headers)["type"] == "segmenter.test"
        receiver.answer = lambda _: 500
        assert (await run("test", "crm", *allowed)).exit_code == 1


async def test_the_endpoint_that_is_tried_is_that_of_the_rules_in_force(
    there: tuple[str, ...], rules: Path, redis_server: RedisServer, group: str
) -> None:
    async with receiving() as live, receiving() as of_the_folder:
        hooks(rules, live.url)
        async with opened_store(Settings.from_environment({}, redis=redis_server.url, group=group)) as store:
            files = check_files(read_files(rules))
            await applying.apply(store.group, files, after=None, author="ann", note="", at_ms=0)
        hooks(rules, of_the_folder.url)
        assert (await run("test", "crm", *there, "--webhook-private", "127.0.0.0/8")).exit_code == 0
        assert (len(live.got), of_the_folder.got) == (1, [])


async def test_an_endpoint_that_is_not_there_is_named_with_those_that_are(there: tuple[str, ...], rules: Path) -> None:
    hooks(rules, "https://crm.example.com/")
    result = await run("test", "cmr", *there)
    assert (result.exit_code, "There are: crm." in result.output) == (2, True)


async def test_a_disabled_endpoint_is_told_of_and_let_in_again(
    there: tuple[str, ...], rules: Path, redis_server: RedisServer, group: str
) -> None:
    hooks(rules, "https://crm.example.com/")
    async with opened_store(Settings.from_environment({}, redis=redis_server.url, group=group)) as store:
        await Standings(store.group).disable("crm", "it said that it is gone for good (HTTP 410)")
    assert "disabled: it said that it is gone for good" in (await run("endpoints", *there)).output
    assert (await run("enable", "crm", *there)).output == "crm is enabled.\n"
    assert (await run("endpoints", *there)).output.splitlines()[1].split() == [
        "crm",
        "https://crm.example.com/",
        "well",
    ]


def decided(delivery: str, endpoint: str | None, verdict: str = "failed") -> DeliveryRecord:
    made = Decision(delivery, None, "webhook", verdict, "", "c", 0, endpoint=endpoint)  # type: ignore[arg-type]  # any
    return decode_delivery(encode_delivery("ann", made))


def test_what_is_to_go_again_is_one_delivery_as_it_stood_last() -> None:
    all_of_them = [decided("abcdef01", "crm", "held"), decided("abcdef01", "crm"), decided("abcdef01", "erp")]
    assert the_one(all_of_them, "ann", "abcdef0", "crm").decision == "failed"
    assert the_one(all_of_them, "ann", "abcdef01", "erp").endpoint == "erp"


@pytest.mark.parametrize(
    ("delivery", "endpoint", "said"),
    [
        ("abcdef", "", "abcdef is not one delivery: abcdef01 to crm, abcdef01 to erp"),
        ("abcdef", "hr", "Nothing of ann a has the id abcdef"),
        ("abcdee", "", "Nothing of ann a has the id abcdee: `segmenter deliveries 'ann a' --json`"),
        ("abcde", "", "too short"),
    ],
)
def test_what_is_none_or_several_is_told(delivery: str, endpoint: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        the_one([decided("abcdef01", "crm"), decided("abcdef01", "erp")], "ann a", delivery, endpoint)


def test_a_message_with_a_fault_ends_deliver_before_it_waits_for_kafka(rules: Path, there: tuple[str, ...]) -> None:
    (rules / "messages").mkdir()
    (rules / "messages" / "m.yaml").write_text("message: m\non: enters nowhere\ntitle: Hello\n")
    command = [sys.executable, "-m", "streams", "deliver", "--kafka", "127.0.0.1:1", *there]
    ended = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert (ended.returncode, "no rule makes a segment `nowhere`" in ended.stderr) == (2, True)
