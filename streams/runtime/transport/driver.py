"""What our parts of Faust know beyond Faust: the settings, what the broker can do, and whom to tell of a failure."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import faust
from faust.transport.drivers import aiokafka
from faust.types import AppT

from streams.kafka.connection import Broker
from streams.settings import Settings


class Driver(aiokafka.Transport):
    """The base of our transport; its consumer and its producer find both here."""

    def __init__(self, app: AppT, settings: Settings, broker: Broker):
        super().__init__(app.conf.broker_consumer, app)
        self.settings = settings
        self.broker = broker


class FailingApp(faust.App):
    """The base of our app."""

    async def fail(self, subject: str, reason: Exception) -> None:
        """Nobody here can go on after this."""
        raise NotImplementedError

    @asynccontextmanager
    async def failing(self, subject: str) -> AsyncIterator[None]:
        """Around all of ours that Faust calls: of what comes out of that, it logs a traceback and goes on, or hangs."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it is, it ends the app, and is told there
            if not self.should_stop:
                await self.fail(subject, error)
