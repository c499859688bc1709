"""The rulebook of a group with its history, in both stores."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from streams.errors import UsageError
from streams.lifecycle.applying import Moved, apply, rollback
from streams.lifecycle.checking import Checked, check_files, in_force
from streams.lifecycle.versions import Version, add, digest_of, files_of, find, history, live, newest
from streams.state.format import RULEBOOKS
from streams.state.memory import MemoryStore
from streams.state.store import GroupStore, Store

QUIET = {"quiet.yaml": "segment: quiet\nenter: idle_days >= 7\n"}
KEEN = {"keen.yaml": "segment: keen\nenter: active_days(days=30) >= 8\n"}


async def applied(group: GroupStore, checked: Checked, author: str = "ann") -> Version:
    return await apply(group, checked, after=await live(group), author=author, note="", at_ms=1)


async def test_the_newest_version_is_live_and_each_stays_with_its_files(kept: Store) -> None:
    group = kept.group
    assert await live(group) is None
    first = await apply(group, check_files(QUIET), after=None, author="ann", note="begin", at_ms=1_000)
    second = await apply(group, check_files(QUIET | KEEN), after=first, author="bob", note="keen, too", at_ms=2_000)
    assert (first.number, second.number) == (1, 2)
    assert await live(group) == second
    assert await history(group) == [second, first]
    assert await find(group, 1) == first
    assert await files_of(group, first) == QUIET
    assert await files_of(group, second) == QUIET | KEEN


def test_under_its_number_stands_what_a_version_says_and_no_more() -> None:
    version = Version(3, 7, "ann", "why", "d", awaits=True, max_change=0.05)
    kept = b'{"at_ms":7,"author":"ann","note":"why","digest":"d","awaits":true,"max_change":0.05}'
    assert (version.encode(), Version.decode(3, kept)) == (kept, version)


async def test_of_two_who_apply_at_once_one_is_refused_and_told_who_was_quicker(kept: Store) -> None:
    first = await applied(kept.group, check_files(QUIET))
    both = (apply(kept.group, check_files(KEEN), after=first, author=who, note="", at_ms=5) for who in ("bob", "cid"))
    outcomes = await asyncio.gather(*both, return_exceptions=True)
    versions = [each for each in outcomes if isinstance(each, Version)]
    refusals = [each for each in outcomes if isinstance(each, Moved)]
    assert [version.number for version in versions] == [2]
    assert len(refusals) == 1
    assert f"by {versions[0].author}" in str(refusals[0])
    assert await live(kept.group) == versions[0]


async def test_who_has_not_seen_what_is_live_cannot_take_its_place(kept: Store) -> None:
    first = await applied(kept.group, check_files(QUIET))
    second = await applied(kept.group, check_files(KEEN), author="bob")
    with pytest.raises(Moved, match=r"version 2 is live, not version 1 any more.*by bob"):
        await apply(kept.group, check_files(QUIET), after=first, author="ann", note="", at_ms=9)
    with pytest.raises(Moved, match="nothing was before"):
        await apply(kept.group, check_files(QUIET), after=None, author="ann", note="", at_ms=9)
    assert await live(kept.group) == second


async def test_a_call_that_is_made_again_because_its_answer_was_lost_applies_once(kept: Store) -> None:
    version = Version(1, 7, "ann", "", digest_of(QUIET))
    assert await add(kept.group, QUIET, version) == version
    assert await add(kept.group, QUIET, version) == version
    assert len(await history(kept.group)) == 1


async def test_a_version_has_its_files_also_where_redis_is_emptied_while_it_is_put(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    group = MemoryStore().group
    replace = group.replace

    async def emptied_before(*what: Any, **said: Any) -> bytes:
        group.__dict__.update(MemoryStore().group.__dict__)
        return await replace(*what, **said)

    monkeypatch.setattr(group, "replace", emptied_before)
    version = Version(1, 7, "ann", "", digest_of(QUIET))
    assert await add(group, QUIET, version) == version
    assert await files_of(group, version) == QUIET


async def test_a_rollback_is_a_new_version_of_old_files(kept: Store) -> None:
    await applied(kept.group, check_files(QUIET))
    second = await applied(kept.group, check_files(KEEN))
    third = await rollback(kept.group, 1, after=second, author="ann", note="too many", at_ms=9)
    assert third.number == 3
    assert await files_of(kept.group, third) == QUIET
    with pytest.raises(UsageError, match="no version 9 of the rules"):
        await rollback(kept.group, 9, after=third, author="ann", note="", at_ms=9)


async def test_whoever_knows_the_live_version_hears_of_the_next_ones(kept: Store) -> None:
    first = await applied(kept.group, check_files(QUIET))
    assert await newest(kept.group, first) == first
    await applied(kept.group, check_files(KEEN))
    third = await applied(kept.group, check_files(QUIET))
    assert await newest(kept.group, first) == third


async def test_a_redis_that_came_back_from_a_backup_is_believed() -> None:
    group = MemoryStore().group
    first = await applied(group, check_files(QUIET))
    gone = Version(2, 7, "ann", "", digest_of(KEEN))
    assert await newest(group, gone) == first
    assert await newest(MemoryStore().group, gone) is None
    await group.put(RULEBOOKS, 2, b'{"at_ms":8,"author":"bob","note":"","digest":"x"}')
    assert await newest(group, gone) == Version(2, 8, "bob", "", "x")


async def test_the_folder_is_in_force_where_nothing_was_ever_applied(kept: Store, tmp_path: Path) -> None:
    (tmp_path / "quiet.yaml").write_text(QUIET["quiet.yaml"])
    assert (await in_force(kept.group, tmp_path)).checked.files == QUIET
    version = await applied(kept.group, check_files(KEEN))
    found = await in_force(kept.group, tmp_path)
    assert (found.version, found.checked.rulebook.names) == (version, ("keen",))
