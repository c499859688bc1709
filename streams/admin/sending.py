"""A message for those who are in its segment already.

Comes in: a message, the rules, Kafka and Redis. Goes out: a command to `segmenter deliver` for each member, with the
change by which they came in, as far as the message needs it. Who got the message for that change gets it no more.
"""

import time
from collections.abc import AsyncIterator, Collection, Mapping
from typing import Any, Final

from streams.admin.homes import partitions_of
from streams.core.changes import Change
from streams.core.profiles.document import Document
from streams.core.rules.rulebook import Grouping, Rulebook, Segment
from streams.delivery.message import Message
from streams.errors import UsageError
from streams.kafka.clients import producing
from streams.outputs.change import encode_identified
from streams.outputs.membership import decode_segments
from streams.settings import Settings
from streams.sources import delivery_commands
from streams.state.format import DOCUMENTS, MEMBERSHIPS
from streams.state.opening import opened_store
from streams.state.store import Store
from streams.topics import DELIVERY_COMMANDS

AT_ONCE: Final = 500


async def send_to_members(settings: Settings, rulebook: Rulebook, message: Message) -> int:
    """How many are in, to whom the command was given."""
    wanted = {trigger.segment for trigger in message.on if trigger.verb != "leaves"}
    if not wanted:
        raise UsageError(f"{message.name} is for those who leave: nobody is in that.")
    topic, now_ms, sent = settings.topic(DELIVERY_COMMANDS.name), time.time_ns() // 1_000_000, 0
    async with opened_store(settings) as store, producing(settings) as producer:
        async for shard, change in _members(store, settings, rulebook, wanted):
            raw = encode_identified(change, change.id, now_ms, settings.live_within)
            value = delivery_commands.send(message.name, raw)
            await producer.send(topic, value, change.subject.encode(), partition=shard)
            sent += 1
        await producer.flush()
    return sent


async def _members(
    store: Store, settings: Settings, rulebook: Rulebook, segments: Collection[str]
) -> AsyncIterator[tuple[int, Change]]:
    partitions = await partitions_of(store, settings)
    rules = {segment: rule for rule in rulebook.groupings for segment in rule.segments if segment in segments}
    for shard in range(partitions):
        for segment, rule in rules.items():
            users = sorted(await store.shards.members(shard, segment))
            for start in range(0, len(users), AT_ONCE):
                some = users[start : start + AT_ONCE]
                standing = await store.shards.values(shard, MEMBERSHIPS, some)
                documents = await store.shards.values(shard, DOCUMENTS, some)
                for user in some:
                    held = decode_segments(standing.get(user)).get(segment)
                    if held is not None:
                        traits = _traits(documents.get(user), rule)
                        yield shard, _change(user, rule, segment, held[0], held[1], traits)


def _traits(document: bytes | None, rule: Grouping) -> Mapping[str, Any]:
    known = Document() if document is None else Document.decode(document)
    found = {name: known.read(name) for name in rule.include}
    return {name: value for name, value in found.items() if value is not None}


def _change(user: str, rule: Grouping, segment: str, since: int, ordinal: int, traits: Mapping[str, Any]) -> Change:
    """That by which the user came in."""
    return Change(
        subject=user,
        rule=rule.name,
        type="segment.entered" if isinstance(rule, Segment) else "segment.changed",
        segment=segment,
        previous=None,
        occurred_at=since,
        cause="event",
        event_id=None,
        ordinal=ordinal,
        rule_version=rule.version,
        because=(),
        segments=(segment,),
        traits=traits,
    )
