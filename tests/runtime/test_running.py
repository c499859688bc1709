"""One life of the app after another."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest
from aiokafka.errors import KafkaConnectionError, KafkaError, TopicAuthorizationFailedError, UnknownError

from streams.errors import InternalError, SegmenterError, Unreachable, UsageError
from streams.runtime import running
from streams.runtime.app import SegmenterApp
from streams.runtime.running import SAME_ENDS, run


async def ends(monkeypatch: pytest.MonkeyPatch, failures: Sequence[Exception | None]) -> int:
    """How many lives it took; each ends as it is said, the last one as it was told to where it is None."""
    lives = iter(failures)
    begun = 0

    async def one_life(*_: Any) -> Exception | None:
        nonlocal begun
        begun += 1
        return next(lives)

    monkeypatch.setattr(running, "_one_life", one_life)
    monkeypatch.setattr(running, "START_AGAIN_AFTER_S", 0.0)
    await run(lambda: cast(SegmenterApp, None), asyncio.Event())
    return begun


async def test_what_passes_is_followed_by_another_life(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await ends(monkeypatch, [KafkaConnectionError(), Unreachable("Redis"), UnknownError(), None]) == 4


async def test_as_many_lives_in_a_row_as_end_in_the_same_way_end_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SegmenterError, match=f"in the same way {SAME_ENDS} times in a row.*: KafkaError: Unexpected"):
        await ends(monkeypatch, [KafkaError("Unexpected")] * SAME_ENDS)


@pytest.mark.parametrize("other", [KafkaConnectionError("Unexpected"), KafkaError("something else")])
async def test_lives_that_end_in_different_ways_do_not_end_the_worker(
    monkeypatch: pytest.MonkeyPatch, other: KafkaError
) -> None:
    same: list[Exception] = [KafkaError("Unexpected")] * (SAME_ENDS - 1)
    assert await ends(monkeypatch, [*same, other, *same, None]) == 2 * SAME_ENDS


async def test_lives_that_last_do_not_end_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "LONG_LIFE_S", -1.0)
    assert await ends(monkeypatch, [*[KafkaError("Unexpected")] * 3 * SAME_ENDS, None]) == 3 * SAME_ENDS + 1


@pytest.mark.parametrize(
    ("failure", "kind", "said"),
    [
        (
            TopicAuthorizationFailedError("product-events"),
            UsageError,
            "worker: the broker does not let us use a topic",
        ),
        (UsageError("a setting is wrong"), UsageError, "a setting is wrong"),
        (ZeroDivisionError("private"), InternalError, "A fault of segmenter's own ended the worker: ZeroDivisionError"),
    ],
)
async def test_what_no_waiting_cures_ends_the_worker_at_once(
    monkeypatch: pytest.MonkeyPatch, failure: Exception, kind: type[SegmenterError], said: str
) -> None:
    with pytest.raises(kind, match=said):
        await ends(monkeypatch, [failure])
