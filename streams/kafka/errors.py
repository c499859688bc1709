"""Why Kafka does not let us in, in the words of our settings.

Comes in: the settings, after a client of aiokafka failed. Goes out: the error to raise. Of a connection that it could
not make, aiokafka raises no more than that there is none; so it is tried once more, by itself.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ssl import SSLCertVerificationError
from typing import Final

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    CommitFailedError,
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest

from streams.errors import SegmenterError, Unreachable, UsageError, origin
from streams.kafka.connection import security_options
from streams.kafka.outcomes import ending
from streams.reached import has_answered, nobody_listens
from streams.settings import Settings

ANSWER_WITHIN_MS: Final = 5_000
# What aiokafka says of a cluster none of whose brokers it can connect to, and what we do.
UNREACHED: Final = "Unable to bootstrap from"
NO_BROKER: Final = "no broker of Kafka answers"
REBALANCED: Final = "the consumer group has given these shards to somebody meanwhile"

# What aiokafka raises when it is asked to connect; ours; what to say. The first that fits.
Sign = type[Exception] | tuple[type[Exception], ...]
MEANINGS: Final[tuple[tuple[Sign, type[SegmenterError], str], ...]] = (
    (
        SaslAuthenticationFailed,
        UsageError,
        "refuses SEGMENTER_KAFKA_USERNAME or its password by SEGMENTER_KAFKA_SASL_MECHANISM={mechanism}",
    ),
    (UnsupportedSaslMechanismError, UsageError, "does not know SEGMENTER_KAFKA_SASL_MECHANISM={mechanism}"),
    (
        IllegalSaslStateError,
        UsageError,
        "asks for no user there, and SEGMENTER_KAFKA_SECURITY_PROTOCOL={protocol} names one",
    ),
    (
        SSLCertVerificationError,
        UsageError,
        "has a certificate that we do not trust ({error.verify_message}): SEGMENTER_KAFKA_CA_FILE names the authority",
    ),
    (
        (KafkaConnectionError, ConnectionResetError),
        Unreachable,
        "hangs up: SEGMENTER_KAFKA_SECURITY_PROTOCOL={protocol} may not be what it speaks there",
    ),
    (TimeoutError, Unreachable, f"does not answer within {ANSWER_WITHIN_MS // 1000} s"),
    (ConnectionRefusedError, Unreachable, "{nobody_listens}"),
    (Exception, Unreachable, "does not answer: {error}"),
)


def in_words(error: BaseException) -> str:
    """Any error, for a line of the log; one that says nothing at least has a name."""
    if isinstance(error, CommitFailedError):
        return REBALANCED
    said = str(error).strip() if isinstance(error, SegmenterError | KafkaError) else ""
    return NO_BROKER if UNREACHED in said else said or origin(error)


def no_topic(settings: Settings, topic: str) -> UsageError:
    return UsageError(f"There is no topic {topic} at {settings.kafka}. `segmenter topics` creates it.")


@asynccontextmanager
async def in_our_words(settings: Settings) -> AsyncIterator[None]:
    """What goes wrong with Kafka inside the block is raised as an error of ours."""
    try:
        yield
    except (KafkaError, TimeoutError, OSError) as error:
        raise await _ours(settings, error) from error
    has_answered(settings.kafka)


async def _ours(settings: Settings, error: Exception) -> SegmenterError:
    """What keeps us out, if something does; else the error itself."""
    if refusal := await outside(settings):
        return refusal
    subject = f"Kafka at {settings.kafka}"
    if isinstance(error, KafkaError):
        return ending(error, subject)
    return Unreachable(f"{subject}: {str(error) or type(error).__name__}")


async def outside(settings: Settings) -> SegmenterError | None:
    """What keeps us out of Kafka; None where a broker answers."""
    refusals: list[SegmenterError] = []
    for host, port, _ in collect_hosts(settings.kafka, randomize=False):
        try:
            await _knock(host, port, settings)
        except (KafkaError, TimeoutError, OSError) as refusal:
            refusals.append(_meaning(f"{host}:{port}", settings, refusal))
        else:
            return None
    # What must be mended goes before what may pass.
    return next((each for each in refusals if isinstance(each, UsageError)), refusals[0])


async def _knock(host: str, port: int, settings: Settings) -> None:
    """Connect, and ask what the broker tells nobody whom it does not know."""
    connection = await create_conn(host, port, request_timeout_ms=ANSWER_WITHIN_MS, **security_options(settings))
    try:
        await connection.send(MetadataRequest([]))
    finally:
        connection.close()


def _meaning(address: str, settings: Settings, refusal: Exception) -> SegmenterError:
    kind, says = next((kind, says) for sign, kind, says in MEANINGS if isinstance(refusal, sign))
    protocol, mechanism = settings.kafka_security_protocol, settings.kafka_sasl_mechanism
    said = {
        "error": refusal if str(refusal) else type(refusal).__name__,
        "nobody_listens": nobody_listens(settings.kafka, "SEGMENTER_KAFKA"),
    }
    return kind(f"Kafka at {address} " + says.format(protocol=protocol, mechanism=mechanism, **said))
