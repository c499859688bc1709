"""The state's format: all that lies in Redis, a row for each. READ FIRST.

    <group>:{<shard>}:<key>                   a collection of a shard
    <group>:{<shard>}:<key>:<name>            the same, where each name has a key of its own
    <group>:{<shard>}:deliver:<key>[:<name>]  the same, of those who deliver
    <group>:{<shard>}:past:<n>:<key>          the same, of a past that version n of the rules awaits
    <group>:<key>                             a collection of the group

Goes out: `SHARD`, `DELIVERY` and `GROUP`, the tables by which a checkpoint is written, loaded and erased from, in Redis
and in memory, and which docs/state.md shows. What is to be kept from now on is a row more. The braces are Redis
Cluster's: all keys of a shard are in one slot, so that one transaction may write them.
"""

from collections.abc import Mapping
from typing import Any, Final

from streams.core.subjects import USER
from streams.state.collection import Collection, Form

FORMATS: Final[Mapping[int, str]] = {
    1: "as it began",
    2: "marks of erased users, and claims with epochs of their own instead of the consumer group's generations; nothing"
    " older is to be changed, but who reads 1 alone would bring erased users back",
    3: "aliases: what waits under them, and whose they are; who reads 2 alone would pass over all of it",
}
"""What each format brought. A change of keys, encodings or rows that whoever reads the one before cannot read, or must
not go on with, is a format more: a line here, and one in `streams.state.upgrades`."""
FORMAT: Final = max(FORMATS)

# ---------------------------------------------------------------------------------------------------- of each shard

STATE: Final = Collection(
    "state",
    Form.HASH,
    str,
    bytes,
    1,
    "`format`, `epoch` of the owner's claim; of the last checkpoint `number`, `head`, `positions`, `rebuilds`",
)
ROWS: Final = Collection(
    "rows", Form.HASH, str, bytes, 1, "user → the profile's row, packed", of_subject=True, is_large=True
)
DOCUMENTS: Final = Collection(
    "documents",
    Form.HASH,
    str,
    bytes,
    1,
    "user → traits, subscriptions and what is too long for a row, JSON",
    of_subject=True,
    is_large=True,
)
MARKS: Final = Collection(
    "erased", Form.HASH, bytes, int, 2, "SHA-256 of an erased user's id → up to when events are refused, ms"
)
UNLINKED: Final = Collection(
    "unlinked",
    Form.HASH,
    str,
    bytes,
    3,
    "alias, NUL and a number → a record that waits to be linked to a user, JSON, of which the event may be packed",
)
ALIASES: Final = Collection(
    "aliases", Form.HASH, str, bytes, 3, "alias → whose it is, and what became of the records under it, JSON"
)
OWNED: Final = Collection(
    "owned",
    Form.HASH,
    str,
    bytes,
    3,
    "user → the user's aliases, and how far what came under each was applied, JSON",
    of_subject=True,
)
MERGES: Final = Collection(
    "merges", Form.HASH, str, bytes, 3, "user → whom to merge the user into, until that is answered, JSON"
)
DEPARTED: Final = Collection(
    "departed",
    Form.HASH,
    str,
    bytes,
    3,
    "of a past that is made: user → the profile of who became another, JSON",
    of_subject=True,
)
REFUSED_LINKS: Final = Collection(
    "refused-links", Form.HASH, int, bytes, 3, "number → a link that was refused, and why, JSON"
)
OWED: Final = Collection(
    "owed",
    Form.HASH,
    str,
    bytes,
    3,
    "while a lost state is made anew: rule or nothing, NUL and a user → what is told of the user once it is, JSON",
)
OUTBOX: Final = Collection(
    "outbox", Form.HASH, int, bytes, 1, "number of a checkpoint → its messages until they are published, MessagePack"
)
SEGMENTS: Final = Collection("segments", Form.SET, str, str, 1, "the segments that ever had a member")
MEMBERS: Final = Collection(
    USER.members_key, Form.SETS, str, str, 1, "segment → the users in it, for other programs", index=SEGMENTS
)
SHADOW_SEGMENTS: Final = Collection(
    "shadow-segments", Form.SET, str, str, 3, "the segments of rules in shadow that ever had a member"
)
SHADOW_MEMBERS: Final = Collection(
    f"shadow-{USER.members_key}",
    Form.SETS,
    str,
    str,
    3,
    "segment of a rule in shadow → the users in it",
    index=SHADOW_SEGMENTS,
)
MEMBERSHIPS: Final = Collection(
    USER.profile_key,
    Form.STRINGS,
    str,
    bytes,
    1,
    "user → the segments a user is in, since when, JSON, for other programs",
    of_subject=True,
)
TIMELINE: Final = Collection(
    "timeline",
    Form.LISTS,
    str,
    bytes,
    3,
    "user → the user's newest changes, MessagePack; also of who was merged into another",
    of_subject=True,
    outlives_a_merge=True,
)
FLOWS: Final = Collection(
    "flows",
    Form.FLOWS,
    str,
    bytes,
    3,
    "segment → of each hour (`h495001`, since 1970) of 14 days, each day (`d20787`) of 400: entries and exits, `12 7`",
)
MOVES: Final = Collection(
    "moves",
    Form.FLOWS,
    str,
    bytes,
    3,
    "level of a tier, `>` and another → of each day (`d20787`) of 400: how many went from the one to the other, `12 0`",
)
COUNTED: Final = Collection(
    "counted", Form.HASH, str, int, 3, "`since`: from when on flows are counted, ms; 0 for all that ever happened here"
)

SHARD: Final[tuple[Collection[Any, Any], ...]] = (
    STATE,
    ROWS,
    DOCUMENTS,
    MARKS,
    UNLINKED,
    ALIASES,
    OWNED,
    MERGES,
    DEPARTED,
    REFUSED_LINKS,
    OWED,
    OUTBOX,
    SEGMENTS,
    MEMBERS,
    SHADOW_SEGMENTS,
    SHADOW_MEMBERS,
    MEMBERSHIPS,
    TIMELINE,
    FLOWS,
    MOVES,
    COUNTED,
)

# ------------------------------------------------------------------------ of each shard, what was and will be delivered

RECIPIENTS: Final = Collection(
    "recipient",
    Form.STRINGS,
    str,
    bytes,
    2,
    "user → what was sent, what waits, what stands in the feed, and what was decided last of each message, MessagePack",
    of_subject=True,
)
DUE: Final = Collection(
    "due", Form.SORTED, str, int, 2, "user → when something is to be done for this user next, ms", of_subject=True
)
NEWS: Final = Collection("news", Form.NEWS, str, str, 2, "the users whose feeds changed, the newest 10,000 changes")
FEEDS: Final = Collection(
    "feed",
    Form.FEEDS,
    str,
    bytes,
    2,
    "user → `last`; of each message `message:<id>`, `at:<id>`, `seen:<id>` and so on; `gone`, `floor`; `into`: whose it"
    " is since a merge",
    of_subject=True,
    index=NEWS,
)

WEBHOOKS: Final = Collection(
    "webhooks", Form.HASH, int, bytes, 2, "number → what waits to be posted to an endpoint, MessagePack"
)

OUTCOMES: Final = Collection(
    "outcomes",
    Form.FLOWS,
    str,
    bytes,
    3,
    "message, `/` and what became of it (`come-back/sent`, `come-back/seen`) → of each day (`d20787`, in UTC) of 400:"
    " how often, `12 0`",
)

DELIVERY: Final[tuple[Collection[Any, Any], ...]] = (
    *(STATE, MARKS, OUTBOX, WEBHOOKS, RECIPIENTS, DUE, FEEDS, NEWS),
    OUTCOMES,
)


def loaded(table: tuple[Collection[Any, Any], ...]) -> tuple[Collection[Any, Any], ...]:
    """What whoever claims a shard is given or reads."""
    return tuple(each for each in table if each.form is Form.HASH and each is not STATE)


def of_subjects(table: tuple[Collection[Any, Any], ...]) -> tuple[Collection[Any, Any], ...]:
    """What goes with an erased subject."""
    return tuple(each for each in table if each.of_subject)


LOADED: Final = loaded(SHARD)
OF_SUBJECTS: Final = of_subjects(SHARD)

# ------------------------------------------------------------------------------------------------------ of the group

DELIVERY_ROOM: Final = "deliver:"


def past_room(version: int) -> str:
    """Where the past of a version of the rules is made, until the shards have it."""
    return f"past:{version}:"


SHARDS: Final = Collection("shards", Form.SET, int, int, 1, "the shards that were ever claimed")
SETTLED: Final = Collection("settled", Form.HASH, str, bytes, 1, "what was fixed at first start: name → value")
OBSERVED: Final = Collection(
    "sightings", Form.HASH, int, bytes, 1, "day since 1970 → the names that were read on it, MessagePack"
)
POPULATIONS: Final = Collection(
    "populations",
    Form.HASH,
    int,
    bytes,
    1,
    "each scores rule under `populations:<rule>`: shard → how its profiles are spread, MessagePack",
)
QUINTILES: Final = Collection(
    "quintiles", Form.HASH, str, bytes, 1, "scores rule and its version → the edges agreed on, MessagePack"
)
RULEBOOKS: Final = Collection(
    "rulebooks",
    Form.HASH,
    int,
    bytes,
    3,
    "version of the rules, the greatest is live → when, by whom, why, and the digest of its files, JSON",
)
RULE_FILES: Final = Collection(
    "rule-files", Form.HASH, str, bytes, 3, "digest → the files of a version: rules, messages, stories, JSON"
)
PASTS: Final = Collection(
    "pasts",
    Form.HASH,
    int,
    bytes,
    3,
    "each version of the rules that awaits its past under `pasts:<version>`: shard → how far it is made, JSON",
)

STRIPE_EVENTS: Final = Collection(
    "stripe-event", Form.STRINGS, str, bytes, 2, "id of an event of Stripe's → nothing; for a week after it was taken"
)

TICKETS: Final = Collection(
    "ticket", Form.STRINGS, str, bytes, 2, "ticket → whose feed its bearer may follow, JSON; for a minute"
)
ENDPOINTS: Final = Collection(
    "endpoints",
    Form.HASH,
    str,
    bytes,
    2,
    "endpoint of webhooks → since when it fails, why it is disabled, MessagePack",
)

SENT_AGAIN: Final = Collection(
    "sent-again",
    Form.HASH,
    int,
    bytes,
    3,
    "number of a sending, the newest 100 → which records that could not be used were published again, by whom, JSON",
)

BACKTESTS: Final = Collection(
    "backtests",
    Form.HASH,
    int,
    bytes,
    3,
    "number of a backtest that a page or the API began, the newest 20 → how far it is and on which machine, JSON",
)
REPORTS: Final = Collection(
    "backtest-reports", Form.HASH, int, bytes, 3, "number of such a backtest → what it found, JSON, zlib; up to 1 MiB"
)
BACKTEST_STOPS: Final = Collection(
    "backtest-stop", Form.STRINGS, str, bytes, 3, "id of such a backtest that is to stop → nothing; for an hour"
)

GROUP: Final[tuple[Collection[Any, Any], ...]] = (
    *(SHARDS, SETTLED, OBSERVED, POPULATIONS, QUINTILES, RULEBOOKS, RULE_FILES, PASTS),
    *(STRIPE_EVENTS, TICKETS, ENDPOINTS, SENT_AGAIN, BACKTESTS, REPORTS, BACKTEST_STOPS),
)
