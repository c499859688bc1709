"""How Kafka is reached."""

import pytest

from streams.errors import UsageError
from streams.kafka.connection import client_options
from streams.settings import Settings


@pytest.mark.parametrize("said", [{}, {"kafka_username": "me"}, {"kafka_password": "secret"}])
def test_to_log_in_takes_a_user_and_a_password(said: dict[str, str]) -> None:
    settings = Settings.from_environment({}, kafka_security_protocol="sasl_ssl", **said)
    with pytest.raises(UsageError, match=r"sasl_ssl needs SEGMENTER_KAFKA_USERNAME, and SEGMENTER_KAFKA_PASSWORD or"):
        client_options(settings)


def test_who_logs_in_is_told_to_every_client() -> None:
    said = {"kafka_security_protocol": "sasl_plaintext", "kafka_username": "me", "kafka_password": "secret"}
    options = client_options(Settings.from_environment({}, **said))
    assert (options["sasl_plain_username"], options["sasl_plain_password"]) == ("me", "secret")
