"""Whoever delivers sends the messages of the version that is live, and hears of the next one."""

import asyncio
from pathlib import Path

import pytest

from streams.dispatch import process
from streams.dispatch.process import LiveMessages
from streams.errors import RuleError, Unreachable
from streams.lifecycle.applying import apply
from streams.lifecycle.checking import check_files
from streams.lifecycle.following import Followed
from streams.lifecycle.versions import live
from streams.settings import Settings
from streams.state.memory import MemoryGroupStore, MemoryStore

QUIET = {"quiet.yaml": "segment: quiet\nenter: idle_days >= 7\n"}
HELLO = "message: hello\non: enters quiet\nchannel: in_app\nkind: card\ntitle: Hello\nbody: Hi.\nstate: {state}\n"


def files(state: str = "live") -> dict[str, str]:
    return QUIET | {"messages/hello.yaml": HELLO.format(state=state)}


def sends(found: LiveMessages) -> list[tuple[str, bool]]:
    return [(message.name, message.is_live) for message in found.messages.messages]


def followed(group: MemoryGroupStore, folder: Path) -> LiveMessages:
    return LiveMessages(Followed(group, Settings(rules=folder)), lambda messages: messages)


async def applied(group: MemoryGroupStore, now: dict[str, str]) -> None:
    await apply(group, check_files(now), after=await live(group), author="ann", note="", at_ms=1)


async def test_the_folder_is_sent_until_something_is_applied_and_never_applied_by_this(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "LOOK_AT_RULES_EVERY_S", 0.001)
    for path, text in files("off").items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    group = MemoryStore().group
    found = followed(group, tmp_path)
    await found.begin()
    assert sends(found) == [("hello", False)]
    assert await live(group) is None
    following = asyncio.create_task(found.follow())
    for version, wanted in ((files(), [("hello", True)]), (QUIET, []), (files("off"), [("hello", False)])):
        await applied(group, version)
        async with asyncio.timeout(5):
            while sends(found) != wanted:  # noqa: ASYNC110 - nobody is told
                await asyncio.sleep(0.001)
    following.cancel()


async def test_what_is_live_is_sent_whatever_the_folder_says(tmp_path: Path) -> None:
    group = MemoryStore().group
    with pytest.raises(RuleError):
        await followed(group, tmp_path / "gone").begin()
    await applied(group, files())
    found = followed(group, tmp_path / "gone")
    await found.begin()
    assert sends(found) == [("hello", True)]


async def test_a_redis_that_is_away_leaves_the_messages_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    group, asked = MemoryStore().group, asyncio.Event()
    await applied(group, files())
    found = followed(group, tmp_path)
    await found.begin()

    async def away(*_: object) -> None:
        asked.set()
        raise Unreachable("Redis does not answer")

    monkeypatch.setattr(process, "LOOK_AT_RULES_EVERY_S", 0.001)
    monkeypatch.setattr(group, "get", away)
    following = asyncio.create_task(found.follow())
    await asked.wait()
    await asyncio.sleep(0)
    assert not following.done()
    assert sends(found) == [("hello", True)]
    following.cancel()
