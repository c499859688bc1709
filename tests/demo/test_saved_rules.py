"""In `segmenter dev` rules are run as they are saved."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from streams.demo import saved_rules
from streams.demo.saved_rules import apply_saved
from streams.demo.switched_on import switched_on
from streams.lifecycle.checking import check_files
from streams.lifecycle.versions import files_of, history, live
from streams.rulefiles.folder import read_files
from streams.settings import Settings
from streams.state.memory import MemoryStore

QUIET = "segment: quiet\nenter: idle_days >= 7\n"
HELLO = "message: hello  # they see it\non: enters quiet\nstate: off\ntitle: Hi\n"


async def test_each_save_is_a_version_unless_it_has_faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, said, ours = MemoryStore(), asyncio.Queue[str](), tmp_path / "ours"
    folder = tmp_path / "theirs"
    (folder / "messages").mkdir(parents=True)
    file = folder / "quiet.yaml"

    @asynccontextmanager
    async def opened(_: Settings) -> AsyncIterator[MemoryStore]:
        yield store

    monkeypatch.setattr(saved_rules, "opened_store", opened)
    monkeypatch.setattr(saved_rules, "LOOK_EVERY_S", 0.001)
    file.write_text(QUIET)
    (folder / "messages" / "hello.yaml").write_text(HELLO)
    running = asyncio.create_task(apply_saved(Settings(rules=ours), folder, said.put_nowait))
    async with asyncio.timeout(60):
        while await live(store.group) is None:  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0.001)
        file.write_text(QUIET.replace("7", "5"))
        assert await said.get() == "Version 2 of the rules is live: quiet changed."
        file.write_text(QUIET.replace("idle_days", "idle_dys"))
        told = await said.get()
        assert told.startswith(f"Not applied: {file}:2: ")
        assert "idle_days" in told
        file.unlink()
        assert (await said.get()).startswith(f"Not applied: {folder}: there are no rule files here.")
        file.write_text("# as it was\n" + QUIET.replace("7", "5"))
        assert await said.get() == "Version 3 of the rules is live: nothing means anything else."
    running.cancel()
    newest, *_, first = await history(store.group)
    assert (newest.number, first.number) == (3, 1)
    assert (await files_of(store.group, first))["quiet.yaml"] == QUIET
    # What the processes beside us find is what is applied: every message is on, to be seen.
    applied = await files_of(store.group, newest)
    assert applied["messages/hello.yaml"] == HELLO.replace("off", "live")
    assert read_files(ours) == applied


def test_a_message_that_waits_for_what_is_in_shadow_stays_off_and_all_others_are_on() -> None:
    files = {"quiet.yaml": QUIET, "dark.yaml": "segment: dark\nstate: shadow\nenter: idle_days >= 8\n"}
    messages = {
        "messages/hello.yaml": HELLO,
        "messages/dark.yaml": "message: dark\non: enters dark\nstate: off\ntitle: x\n",
    }
    on = switched_on(check_files(files | messages)).messages.by_name
    assert (on["hello"].is_live, on["dark"].is_live) == (True, False)
