"""Which messages are in force: the folder's, a version's, those of before."""

from pathlib import Path

import pytest

from streams.dispatch.in_force import MessagesInForce
from streams.errors import RuleError
from streams.lifecycle.applying import apply, rollback
from streams.lifecycle.checking import check_files
from streams.lifecycle.versions import Version, add, digest_of, live
from streams.rulefiles.folder import Files
from streams.settings import Settings
from streams.state.memory import MemoryStore
from streams.state.store import GroupStore

RULE = "segment: a\nenter: paying\n"
MESSAGE = "message: {}\non: enters a\ntitle: Hello\nstate: {}\n"


@pytest.fixture
def group() -> GroupStore:
    return MemoryStore().group


def files(name: str, state: str = "live") -> Files:
    return {"a.yaml": RULE, f"messages/{name}.yaml": MESSAGE.format(name, state)}


def lay(folder: Path, laid: Files) -> Path:
    for name, text in laid.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


def messages_of(group: GroupStore, folder: Path, everything: bool = False) -> MessagesInForce:
    return MessagesInForce(group, Settings.from_environment({}, rules=str(folder)), everything)


async def applied(group: GroupStore, laid: Files) -> None:
    await apply(group, check_files(laid), after=await live(group), author="ann", note="", at_ms=0)


async def test_the_folder_counts_until_rules_were_applied_and_then_the_version_that_is_live(
    group: GroupStore, tmp_path: Path
) -> None:
    messages = messages_of(group, lay(tmp_path, files("lies-there")))
    await messages.begin()
    assert [*messages().by_name] == ["lies-there"]
    for name in ("first", "second"):
        await applied(group, files(name))
        await messages.look()
        assert [*messages().by_name] == [name]
    second = await live(group)
    assert second is not None
    await rollback(group, 1, after=second, author="ann", note="", at_ms=0)
    await messages.look()
    assert [*messages().by_name] == ["first"]


async def test_what_is_off_is_on_where_everything_is_to_be_seen(group: GroupStore, tmp_path: Path) -> None:
    messages = messages_of(group, lay(tmp_path, files("a", "off")), everything=True)
    await messages.begin()
    assert messages().by_name["a"].is_live


async def test_a_version_that_cannot_be_read_leaves_what_was_in_force_and_is_told_once(
    group: GroupStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    messages = messages_of(group, lay(tmp_path, files("lies-there")))
    await messages.begin()
    wrong = {"a.yaml": "segment: a\nenter: of a later version\n"}
    await add(group, wrong, Version(1, 0, "ann", "", digest_of(wrong)))
    for _ in range(2):
        await messages.look()
    assert [*messages().by_name] == ["lies-there"]
    assert caplog.text.count("goes on") == 1
    with pytest.raises(RuleError):
        await messages_of(group, tmp_path).begin()
