"""A Kafka that asks for TLS and a password, and a Redis that asks for one.

What the settings say is enough, and what they say wrongly is told in their words.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import pytest
from redis import Redis

from streams.embedded.redis import RedisServer
from streams.testing import track
from tests.conftest import ON_CI
from tests.e2e import apache_kafka
from tests.e2e.pipeline import ROOT, WITHIN_S, Pipeline
from tests.e2e.secured_kafka import PASSWORD, USER, SecuredKafka

pytestmark = pytest.mark.skipif(
    not apache_kafka.available() and not ON_CI, reason="the embedded broker knows neither TLS nor passwords"
)


@pytest.fixture(scope="module")
def kafka() -> Iterator[SecuredKafka]:
    with SecuredKafka() as broker:
        yield broker


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    with RedisServer() as server:
        Redis.from_url(server.url).config_set("requirepass", PASSWORD)
        yield server.url.replace("redis://", f"redis://:{quote(PASSWORD, safe='')}@")


def secured(kafka: SecuredKafka, mechanism: str) -> dict[str, str]:
    return {
        "kafka": kafka.secured_address,
        "kafka_security_protocol": "sasl_ssl",
        "kafka_sasl_mechanism": mechanism,
        "kafka_username": USER,
        "kafka_password": PASSWORD,
        "kafka_ca_file": str(kafka.authority),
    }


@pytest.mark.usefixtures("_engine_is_compiled")
@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
def test_events_become_changes_where_all_is_secured(
    kafka: SecuredKafka, redis_url: str, group: str, tmp_path: Path, mechanism: str
) -> None:
    pipeline = Pipeline(kafka.address, redis_url, group, tmp_path)
    pipeline.publish([track("ann", "Signed In", 1_767_225_600_000 + i, f"m-{i}") for i in range(3)])
    with pipeline.worker(**secured(kafka, mechanism)) as worker:
        (change, *_) = pipeline.read("segment-changes", bool)
        assert (change.key, change.json["segment"]) == (b"ann", "active")
        assert worker.stop() == 0
        assert PASSWORD not in worker.said()


WRONG: Mapping[str, Mapping[str, str]] = {
    "refuses SEGMENTER_KAFKA_USERNAME or its password": {"kafka_password": "wr0ng-secret"},
    "refuses SEGMENTER_KAFKA_USERNAME or its password by": {"kafka_username": "bob"},
    "does not know SEGMENTER_KAFKA_SASL_MECHANISM=SCRAM-SHA-256": {"kafka_sasl_mechanism": "SCRAM-SHA-256"},
    "SEGMENTER_KAFKA_CA_FILE names the authority": {"kafka_ca_file": ""},
    "SEGMENTER_KAFKA_SECURITY_PROTOCOL=plaintext may not be": {"kafka_security_protocol": "plaintext"},
    "SEGMENTER_KAFKA_SECURITY_PROTOCOL=ssl may not be": {"kafka_security_protocol": "ssl"},
}


@pytest.mark.parametrize(("says", "wrong"), WRONG.items())
def test_what_is_set_wrongly_is_named(kafka: SecuredKafka, says: str, wrong: Mapping[str, str]) -> None:
    told = topics(secured(kafka, "PLAIN") | dict(wrong))
    assert says in told.stderr
    assert told.returncode in (1, 2)
    assert PASSWORD not in told.stderr
    assert "wr0ng-secret" not in told.stderr


def test_a_user_where_none_is_asked_for_is_told_so(kafka: SecuredKafka) -> None:
    told = topics(secured(kafka, "PLAIN") | {"kafka": kafka.address, "kafka_security_protocol": "sasl_plaintext"})
    assert "asks for no user there" in told.stderr
    assert told.returncode == 2


def test_a_worker_that_is_refused_ends(kafka: SecuredKafka, redis_url: str, group: str, tmp_path: Path) -> None:
    pipeline = Pipeline(kafka.address, redis_url, group, tmp_path)
    with pipeline.worker(**secured(kafka, "PLAIN") | {"kafka_password": "wr0ng-secret"}) as worker:
        assert worker.ended() == 2
        assert "refuses SEGMENTER_KAFKA_USERNAME" in worker.said()


def topics(said: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """What the command says; once more where Kafka stood still for longer than it waits."""
    environment = os.environ | {f"SEGMENTER_{name.upper()}": value for name, value in said.items()}
    command = [sys.executable, "-m", "streams", "topics"]
    deadline = time.monotonic() + WITHIN_S
    while True:
        told = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=WITHIN_S
        )
        if "does not answer within" not in told.stderr:
            return told
        assert time.monotonic() < deadline, told.stderr
