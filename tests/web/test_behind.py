"""Whether Kafka is there is asked: whoever waits for records of one that went away hears nothing of it."""

from pathlib import Path

from streams.embedded.kafka import KafkaBroker
from streams.embedded.server import HOST, free_port
from streams.kafka.ends import Ends
from tests.web.group import Group


async def test_a_kafka_that_is_away_is_noticed_though_nothing_comes_and_so_is_that_it_is_back(tmp_path: Path) -> None:
    port = free_port()
    group = await Group(tmp_path, kafka=f"{HOST}:{port}").begin()
    behind, ends = group.window.behind, Ends(group.settings)
    try:
        await behind.look(ends)
        assert "does not answer: nobody listens there. SEGMENTER_KAFKA says where it is" in (behind.away or "")
        assert await group.window.trouble() == behind.away
        with KafkaBroker(port=port):
            await behind.look(ends)
            assert await group.window.trouble() is None
        await ends.close()
        await behind.look(ends)
        assert "does not answer: nobody listens there now, where it has answered before" in (behind.away or "")
    finally:
        await ends.close()


async def test_where_kafka_is_away_each_page_that_shows_what_comes_says_so(tmp_path: Path) -> None:
    group = await Group(tmp_path).begin()
    group.window.behind.away = "Kafka at <there> does not answer"
    async with group.client() as client:
        for path in ("", "messages", "dead-letters"):
            assert "Kafka at &lt;there&gt; does not answer" in (await client.get(f"/dashboard/{path}")).text
        assert (await client.get("/api/v1/health")).json()["trouble"] == "Kafka at <there> does not answer"
