"""The end of a producer that has lost touch with Kafka, or that nobody can wait for; and of its connections.

Comes in: a producer. Goes out: nothing; it sends nothing any more.
"""

import asyncio
from contextlib import suppress
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError, KafkaError

CLOSE_WITHIN_S: Final = 1.0


async def end(producer: AIOKafkaProducer) -> None:
    """At once, and so that nothing it was given goes out any more: whoever waits for that is told."""
    sending: asyncio.Task[None] | None = producer._sender.sender_task
    while sending is not None and not sending.done():
        # It catches a cancellation to wait for a request under way; one more ends that too.
        sending.cancel()
        await asyncio.wait([sending], timeout=0.01)
    producer._message_accumulator.fail_all(KafkaConnectionError("the producer was ended: it had lost touch with Kafka"))
    with suppress(KafkaError, TimeoutError):
        await asyncio.wait_for(producer.stop(), CLOSE_WITHIN_S)
    hang_up(producer.client)


def hang_up(client: AIOKafkaClient) -> None:
    """Of a client whose end was cut short: close what is still open, as whatever is dropped open is an error in the
    log."""
    for connection in client._conns.values():
        connection.close()
