"""What our parts of Faust's driver for Kafka know beyond Faust: the settings, and what the broker can do."""

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
