"""Topics that a test makes itself. Comes in: a broker, and topics. Goes out: they are there."""

import asyncio

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams.retry import Retry
from tests.e2e.pipeline import WITHIN_S


async def create(address: str, *topics: NewTopic) -> None:
    """A broker says yes to a topic before it shows it, and no while it stands still, or has just done so."""

    async def ask() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=address)
        try:
            await admin.start()
            while not {topic.name for topic in topics} <= set(await admin.list_topics()):
                await admin.create_topics(list(topics))
        finally:
            await admin.close()

    async with asyncio.timeout(WITHIN_S):
        await Retry()("Kafka", ask)
