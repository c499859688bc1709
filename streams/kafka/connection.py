"""How to reach Kafka, and what the broker there can do.

Comes in: the settings. Goes out: the options that every aiokafka client of ours is made with.
"""

import ssl
from dataclasses import dataclass
from typing import Any

from streams.errors import UsageError
from streams.settings import Settings


@dataclass(frozen=True, slots=True)
class Broker:
    """What a broker can do, where brokers differ.

    exact_ends: its end offsets can be trusted; else only an empty fetch tells that all has been read.
    idempotent: it knows idempotent producers.
    """

    exact_ends: bool = True
    idempotent: bool = True


KAFKA = Broker()
# See streams.embedded.kafka for what it cannot do.
EMBEDDED = Broker(exact_ends=False, idempotent=False)


def client_options(settings: Settings) -> dict[str, Any]:
    """For AIOKafkaConsumer, AIOKafkaProducer and AIOKafkaAdminClient."""
    return {"bootstrap_servers": settings.kafka.split(","), **security_options(settings)}


def security_options(settings: Settings) -> dict[str, Any]:
    """The part of them that says who we are and whom we trust."""
    options: dict[str, Any] = {"security_protocol": settings.kafka_security_protocol.upper()}
    if "ssl" in settings.kafka_security_protocol:
        options["ssl_context"] = _ssl_context(settings)
    if settings.kafka_security_protocol.startswith("sasl"):
        if not settings.kafka_username or settings.secret("kafka_password") is None:
            raise UsageError(
                f"SEGMENTER_KAFKA_SECURITY_PROTOCOL: {settings.kafka_security_protocol} needs SEGMENTER_KAFKA_USERNAME,"
                " and SEGMENTER_KAFKA_PASSWORD or SEGMENTER_KAFKA_PASSWORD_FILE"
            )
        options["sasl_mechanism"] = settings.kafka_sasl_mechanism
        options["sasl_plain_username"] = settings.kafka_username
        options["sasl_plain_password"] = settings.secret("kafka_password")
    return options


def _ssl_context(settings: Settings) -> ssl.SSLContext:
    authorities = settings.kafka_ca_file
    try:
        return ssl.create_default_context(cafile=authorities)
    except OSError as error:
        raise UsageError(f"SEGMENTER_KAFKA_CA_FILE: {error.strerror or error}: {authorities}") from None
