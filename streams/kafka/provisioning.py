"""The topics of `streams.topics`, created where they are missing and verified where they exist.

Comes in: the settings, and what Kafka has. Goes out: a line a topic, or an error that says what to do.

A shard is one partition number over all input topics, and its outputs go to the same number: these topics must
have equally many partitions, and keep them. Faust ignores a topic that does not exist when it starts, with
no more than a warning, so this is done before.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from streams.errors import Unreachable, UsageError
from streams.kafka.connection import client_options
from streams.kafka.errors import in_our_words, no_topic
from streams.kafka.outcomes import PASSES
from streams.settings import Settings
from streams.topics import TOPICS, Topic

BROKERS_DEFAULT: Final = -1
ASKED: Final = {"cleanup.policy": ""}  # of its values none counts
VISIBLE_WITHIN_S: Final = 30.0  # brokers that are busy tell each other late
# A controller that has heard of no broker since it began, or for a while, calls that a wrong replication factor.
NO_BROKER_YET: Final = re.compile(r"brokers are currently fenced|available brokers: 0\b")


@dataclass(frozen=True, slots=True)
class Finding:
    """One topic as it is now. loses_records: it is to keep each record for ever, and is compacted."""

    topic: str
    partitions: int
    created: bool
    loses_records: bool = False


async def ensure(settings: Settings, begun_with: int | None = None) -> list[Finding]:
    """Create what is missing, if that is allowed, and refuse what does not fit together.

    begun_with: how many partitions they had when the state was begun.
    """
    async with _admin(settings) as admin:
        before = await _partitions(admin)
        missing = [topic for topic in TOPICS if settings.topic(topic.name) not in before]
        if missing and not settings.create_topics:
            names = ", ".join(settings.topic(topic.name) for topic in missing)
            raise UsageError(f"Kafka has no topic {names}: create it, or let SEGMENTER_CREATE_TOPICS be true.")
        if missing:
            # Those that are there decide, so that one deleted by mistake comes back as it was.
            known = [before[name] for name in sharded(settings) if name in before]
            await _create(admin, settings, missing, begun_with or max(known, default=settings.partitions))
        now = await _visible(admin, [settings.topic(topic.name) for topic in TOPICS])
        created = {settings.topic(topic.name) for topic in missing}
        compacted = await _compacted(admin, [settings.topic(topic.name) for topic in TOPICS if topic.keeps_each])
    findings = [Finding(name, partitions, name in created, name in compacted) for name, partitions in now.items()]
    counts = {name: now[name] for name in sharded(settings)}
    if begun_with is not None:
        refuse_others(settings, counts, begun_with)
    _verify(counts)
    return findings


async def existing(settings: Settings) -> dict[str, int]:
    """Every topic that can be used, with its number of partitions."""
    async with _admin(settings) as admin:
        return await _partitions(admin)


async def partition_count(settings: Settings, topic: str) -> int:
    """How many a topic has. UsageError: there is none of this name."""
    found = (await existing(settings)).get(topic)
    if found is None:
        raise no_topic(settings, topic)
    return found


@asynccontextmanager
async def _admin(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**client_options(settings), request_timeout_ms=10_000)
    async with in_our_words(settings):
        try:
            await admin.start()
            yield admin
        finally:
            await admin.close()


async def _partitions(admin: AIOKafkaAdminClient) -> dict[str, int]:
    """Every topic that can be used by now, with its number of partitions."""
    return {each["topic"]: len(each["partitions"]) for each in await admin.describe_topics() if each["error_code"] == 0}


async def _compacted(admin: AIOKafkaAdminClient, names: Sequence[str]) -> set[str]:
    """Which of them are compacted, as far as the broker tells us."""
    asked = [ConfigResource(ConfigResourceType.TOPIC, name, ASKED) for name in names]
    try:
        answers = await admin.describe_configs(asked)
    except KafkaError:
        return set()
    told = [(name, configs) for answer in answers for _, _, _, name, configs in answer.resources]
    return {name for name, configs in told if any("compact" in (value or "") for _, value, *_ in configs)}


async def _create(admin: AIOKafkaAdminClient, settings: Settings, topics: Sequence[Topic], partitions: int) -> None:
    replication = settings.replication or BROKERS_DEFAULT
    wanted = [NewTopic(settings.topic(topic.name), partitions, replication, {}, _config(topic)) for topic in topics]
    answer = await admin.create_topics(wanted)
    for name, code, *said in answer.topic_errors:
        error = for_code(code)
        # Another worker may have been faster.
        if code and error is not TopicAlreadyExistsError:
            if error in PASSES:
                raise error(name)
            why = said[0] if said and said[0] else error.__name__
            refusal = Unreachable if NO_BROKER_YET.search(why) else UsageError
            raise refusal(f"Kafka did not create the topic {name}: {why}")


def _config(topic: Topic) -> dict[str, str]:
    """What is to be other than the broker's default."""
    config: dict[str, str] = {}
    if topic.cleanup != "delete":
        config["cleanup.policy"] = topic.cleanup
    if topic.max_bytes is not None:
        config["max.message.bytes"] = str(topic.max_bytes)
    if topic.retention_ms is not None:
        config["retention.ms"] = str(topic.retention_ms)
    return config


async def _visible(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, int]:
    """Wait until all of them can be used: a broker says yes to a new topic before it is everywhere."""
    deadline = asyncio.get_running_loop().time() + VISIBLE_WITHIN_S
    while True:
        found = await _partitions(admin)
        if all(found.get(name) for name in names):
            return {name: found[name] for name in names}
        if asyncio.get_running_loop().time() > deadline:
            absent = ", ".join(name for name in names if not found.get(name))
            raise Unreachable(f"The topics {absent} were created and did not appear within {VISIBLE_WITHIN_S:g} s.")
        await asyncio.sleep(0.1)


def refuse_others(settings: Settings, counts: Mapping[str, int], begun_with: int) -> None:
    """UsageError: a topic has not as many partitions as the state was begun with."""
    others = {name: count for name, count in counts.items() if count != begun_with}
    if not others:
        return
    table = "".join(f"\n  {name}: {count}" for name, count in others.items())
    raise UsageError(
        f"The group {settings.group} was begun with {begun_with} partitions, by which its users have their places, and"
        f" these topics have other numbers now:{table}\nNothing is lost: what came to a partition from {begun_with} on"
        " waits there, unread. Kafka takes no partition away, and what is stored cannot be moved to other numbers yet."
        " Begin anew with another SEGMENTER_GROUP and output topics of its own: docs/operate.md tells it step by step,"
        " under More partitions."
    )


def _verify(counts: Mapping[str, int]) -> None:
    if len(set(counts.values())) > 1:
        table = "".join(f"\n  {name}: {count}" for name, count in counts.items())
        raise UsageError(
            "These topics must have the same number of partitions, as a user's records, changes and memberships go by"
            f" one partition number:{table}\nGive the smaller ones more partitions, or name others (SEGMENTER_TOPIC_…)."
        )


def sharded(settings: Settings) -> list[str]:
    """The topics of which each partition belongs to a shard."""
    return [settings.topic(topic.name) for topic in TOPICS if topic.is_sharded]
