"""What a group tells of a stream to which no fault came, made by the engine alone, in one shard and one process.

Comes in: a stream. Goes out: `Healthy`, in which no judge may find anything, and which tests then spoil.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

from streams.core.batch import Batch
from streams.core.changes import Change as Made
from streams.core.engine.shard import Shard
from streams.core.events import Event
from streams.core.identities.identities import Identities
from streams.core.rules.rulebook import Rulebook
from streams.core.scores.quintiles import Populations, Quintiles
from streams.outputs.change import encode_change
from streams.settings import KEEP_UNLINKED_MS
from streams.sources import Decoder, profile_commands
from streams.testing import parse_rules
from tests.e2e.pipeline import PARTITIONS, Seen
from tests.faults.endpoint import Webhook
from tests.faults.judges.deliveries import POSTED, decisions_for, standing_for
from tests.faults.people import BAD
from tests.faults.stream import AFTERWARDS_MS, LATER, LATER_RULE, RULES, SCORES, SCORES_RULE, Change, Stream, Wanted
from tests.faults.told import Held, Told


class Healthy(NamedTuple):
    told: Told
    wanted: Wanted
    rulebook: Rulebook


def healthy(stream: Stream) -> Healthy:
    segments = {**RULES, LATER: LATER_RULE}
    rulebook = parse_rules(*(f"segment: {name}\n{body}\n" for name, body in segments.items()), SCORES_RULE)
    wanted, shard = stream.wanted(rulebook), Shard(rulebook)
    changes = played(stream, shard)
    edges = shard.quintiles(SCORES)
    assert edges is not None
    held_open = [Held("worker", server, 1) for server in ("Redis", "Kafka")]
    told = Told(agreed=edges, applied=dict(wanted.by_topic), held_open=held_open)
    told.edges = dict.fromkeys(range(PARTITIONS), edges)
    told.changes = [seen(change["user_id"], change, change["id"]) for change in changes]
    told.memberships = list(memberships(changes, wanted))
    users = {change["user_id"] for change in changes} - wanted.merged.keys()
    told.at_home = {shard: sorted(users) if shard == 0 else () for shard in range(PARTITIONS)}
    told.held = {user: set(shard.memberships(user)) for user in users}
    told.sizes = Counter(segment for segments in told.held.values() for segment in segments)
    told.letters = [letter(number) for number in range(wanted.bad)]
    _deliver(told, wanted)
    return Healthy(told, wanted, rulebook)


def played(stream: Stream, shard: Shard) -> list[Change]:
    """Without whoever is erased: nothing of them may be there in the end."""
    decoder, identities = Decoder(shard.catalog.reads), Identities.empty(shard, KEEP_UNLINKED_MS)
    decode = {topic: each.decode for topic, each in decoder.of.items()} | {"profile-commands": profile_commands.decode}
    decoded = (decode[each.topic](each.value, None, None) for each in chain(stream.first(), stream.records()))
    events = [each for each in decoded if isinstance(each, Event) and not each.subject.startswith("erased")]
    found: list[Made] = []
    for part in identities.resolve(Batch.of(events)):
        found += identities.take_changes() + shard.step(part)
    found += identities.take_changes()
    shard.set_edges(Quintiles.first(SCORES, stream.ends_ms, Populations.of(*shard.measure(SCORES, stream.ends_ms))))
    while shard.time_ms < (until_ms := stream.ends_ms + AFTERWARDS_MS):
        found += shard.tick(until_ms)
    return [json.loads(encode_change(change)) for change in found]


def memberships(changes: Sequence[Change], wanted: Wanted) -> Iterator[Seen]:
    for version, change in enumerate(changes, 1):
        user = change["user_id"]
        if user in wanted.merged and not change["segments"]:
            yield Seen(0, user.encode(), None, {})
        else:
            segments = dict.fromkeys(change["segments"], version)
            yield seen(user, {"user_id": user, "segments": segments, "version": version})


def letter(number: int) -> Seen:
    place = {"topic": b"product-events", "partition": b"0", "offset": str(number).encode()}
    return Seen(0, None, BAD, {**place, "reason_code": b"wrong_type"})


def seen(user: str, body: Any, identity: str = "") -> Seen:
    return Seen(0, user.encode(), json.dumps(body).encode(), {"ce_id": identity.encode()})


def webhook(change: Change) -> Webhook:
    return Webhook(change["id"], json.dumps({"data": change}).encode())


def _deliver(told: Told, wanted: Wanted) -> None:
    decided = list(decisions_for(wanted.changes))
    told.decisions = [seen(each.user, {"user_id": each.user, **each._asdict()}) for each in decided]
    byes = [each for each in decided if each.message == "bye"]
    told.messages = [seen(each.user, {"user_id": each.user, "id": each.id}) for each in byes]
    told.feeds = {user: standing_for(of_user) for user, of_user in wanted.changes.items()}
    posted = (change for of_user in wanted.changes.values() for change in of_user if change["segment"] in POSTED)
    told.webhooks = [webhook(change) for change in posted]
