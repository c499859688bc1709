"""Errors of redis-py in our words, and what a URL becomes."""

import pytest
from redis import exceptions

from streams.errors import SegmenterError, StateError, Unreachable, UsageError
from streams.state.redis_client import RedisClient

IN_A_SCRIPT = "ERR Error running script (call to f_1): @user_script:7: @user_script: 7: "


@pytest.mark.parametrize(
    ("error", "ours", "says"),
    [
        (exceptions.ConnectionError("Error 111 connecting"), Unreachable, "does not answer: Error 111 connecting"),
        (
            exceptions.ConnectionError(
                "Error 111 connecting to redis.example:6390. Connect call failed ('10.0.0.9', 6390)."
            ),
            Unreachable,
            "does not answer: nobody listens there. SEGMENTER_REDIS says where it is",
        ),
        (exceptions.TimeoutError("Timeout reading"), Unreachable, "does not answer: Timeout reading"),
        (exceptions.BusyLoadingError("Redis is loading the dataset"), Unreachable, "is loading the dataset"),
        (exceptions.AuthenticationError("invalid"), UsageError, "refuses the user or the password"),
        (exceptions.NoPermissionError("no evalsha"), UsageError, "lets this user do less than we need: no evalsha"),
        (exceptions.MovedError("12182 127.0.0.1:6381"), UsageError, "set SEGMENTER_REDIS_CLUSTER"),
        (exceptions.ReadOnlyError("You can't write"), Unreachable, "is a replica"),
        (exceptions.ResponseError(f"{IN_A_SCRIPT}-READONLY You can't"), Unreachable, "is a replica"),
        (exceptions.OutOfMemoryError("command not allowed"), Unreachable, "is full"),
        (exceptions.ResponseError(f"{IN_A_SCRIPT}-OOM command not allowed"), Unreachable, "is full"),
        (exceptions.ResponseError("MISCONF Redis is configured to save"), Unreachable, "cannot save to its disk"),
        (
            exceptions.ResponseError(f"{IN_A_SCRIPT}-MISCONF Errors writing to the AOF file: No space left on device"),
            Unreachable,
            "cannot save to its disk and takes no writes: Errors writing to the AOF file: No space left on device",
        ),
        (exceptions.ResponseError("BUSY Redis is busy running a script"), Unreachable, "is busy with a script"),
        (exceptions.ClusterDownError("CLUSTERDOWN Hash slot not served"), Unreachable, "is a cluster in trouble"),
        (exceptions.TryAgainError("Multiple keys request"), Unreachable, "is a cluster in trouble"),
        (exceptions.SlotNotCoveredError("Slot 3 not covered"), Unreachable, "does not answer: Slot 3 not covered"),
        (exceptions.ResponseError("WRONGTYPE Operation against a key"), StateError, "refuses a command: WRONGTYPE"),
    ],
)
async def test_an_error_of_redis_is_said_in_our_words(
    monkeypatch: pytest.MonkeyPatch, error: Exception, ours: type[SegmenterError], says: str
) -> None:
    client = RedisClient("redis://someone:secret@redis.example:6390/2")

    async def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(client._client, "execute_command", fail)
    with pytest.raises(ours) as raised:
        await client.call("PING")
    assert type(raised.value) is ours
    assert str(raised.value).startswith("Redis at redis.example:6390 ")
    assert says in str(raised.value)
    assert "secret" not in f"{raised.value}{client!r}"


def test_host_and_port_have_defaults() -> None:
    assert RedisClient("redis://").address == "localhost:6379"


def test_a_password_may_hold_any_character_when_it_is_escaped() -> None:
    client = RedisClient("redis://:p%40ss%3A%2F%23@redis.example")
    assert client._client.get_connection_kwargs()["password"] == "p@ss:/#"
    assert client.address == "redis.example:6379"


def test_a_cluster_has_but_one_database() -> None:
    with pytest.raises(UsageError, match="database"):
        RedisClient("redis://redis.example/2", cluster=True)
