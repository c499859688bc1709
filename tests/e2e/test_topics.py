"""Topics on a real broker: made as they must be, and refused where they are not."""

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from streams.errors import Unreachable, UsageError
from streams.kafka.provisioning import ensure
from streams.retry import Retry
from streams.runtime.app import COMPACTED, prepare
from streams.settings import Settings
from streams.state.memory import MemoryStore
from tests.conftest import Kafka
from tests.e2e.apache_kafka import ApacheKafka
from tests.e2e.topics import create


@pytest.fixture
def settings(kafka: Kafka, group: str) -> Settings:
    return Settings(kafka=kafka.address, topic_prefix=f"{group}-", partitions=3)


async def test_what_is_missing_is_created_once_with_its_settings(settings: Settings, kafka: Kafka) -> None:
    first, second = await ensure(settings), await ensure(settings)
    assert {(each.partitions, each.created) for each in first} == {(3, True)}
    assert {(each.partitions, each.created) for each in second} == {(3, False)}
    if isinstance(kafka, ApacheKafka):
        assert await cleanup_policy(settings, "segment-memberships") == "compact"
        assert await cleanup_policy(settings, "segment-changes") == "delete"


async def test_a_worker_warns_of_a_topic_that_is_to_keep_each_record_and_is_compacted(
    settings: Settings, kafka: Kafka, caplog: pytest.LogCaptureFixture
) -> None:
    commands = settings.topic("profile-commands")
    await create(settings.kafka, NewTopic(commands, 3, 1, topic_configs={"cleanup.policy": "compact,delete"}))
    await prepare(settings, MemoryStore(), Retry())
    said = [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
    warnings = [each for each in said if not each.startswith("Kafka - ")]  # it may stand still meanwhile
    assert warnings == ([f"topic {commands} - {COMPACTED}"] if isinstance(kafka, ApacheKafka) else [])


async def cleanup_policy(settings: Settings, role: str) -> str:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    await admin.start()
    topic = ConfigResource(ConfigResourceType.TOPIC, settings.topic(role), configs={"cleanup.policy": ""})
    (answer,) = await admin.describe_configs([topic])
    await admin.close()
    ((*_, configs),) = answer.resources
    found: str = configs[0][1]
    return found


async def test_one_that_is_missing_gets_as_many_partitions_as_the_others_have(settings: Settings) -> None:
    await create(settings.kafka, NewTopic(settings.topic("product-events"), 5, 1))
    assert {each.partitions for each in await ensure(settings)} == {5}


async def test_inputs_of_unlike_numbers_of_partitions_are_refused_by_name(settings: Settings) -> None:
    await create(settings.kafka, NewTopic(settings.topic("product-events"), 5, 1))
    await create(settings.kafka, NewTopic(settings.topic("billing-updates"), 2, 1))
    with pytest.raises(UsageError, match="must have the same number of partitions") as told:
        await ensure(settings)
    assert f"{settings.topic('product-events')}: 5" in str(told.value)
    assert f"{settings.topic('billing-updates')}: 2" in str(told.value)


async def test_dead_letters_may_go_to_a_topic_of_any_number_of_partitions(settings: Settings) -> None:
    await create(settings.kafka, NewTopic(settings.topic("dead-letters"), 1, 1))
    found = {each.topic: each.partitions for each in await ensure(settings)}
    assert found[settings.topic("dead-letters")] == 1
    assert found[settings.topic("product-events")] == 3


async def test_a_broker_that_is_not_there_is_told_by_its_address() -> None:
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:1 "):
        await ensure(Settings(kafka="127.0.0.1:1"))
