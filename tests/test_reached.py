"""Who has reached a server is not told that its address may be wrong, once the server goes away."""

import pytest

from streams.embedded.redis import RedisServer
from streams.embedded.server import HOST
from streams.errors import Unreachable
from streams.reached import nobody_listens
from streams.state.redis_client import RedisClient


def test_where_nobody_has_ever_answered_the_setting_is_named() -> None:
    assert nobody_listens(f"{HOST}:1", "SEGMENTER_KAFKA").endswith(
        "nobody listens there. SEGMENTER_KAFKA says where it is"
    )


async def test_where_somebody_has_answered_it_is_not_though_a_life_of_the_worker_begins_anew() -> None:
    with RedisServer() as server:
        await asked(server)
    with pytest.raises(Unreachable, match="does not answer: nobody listens there now, where it has answered before$"):
        await asked(server)


async def asked(server: RedisServer) -> None:
    client = RedisClient(server.url)
    try:
        await client.call("PING")
    finally:
        await client.close()
