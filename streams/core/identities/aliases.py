"""An alias's home: what came under it is kept until a link says whose it is, and passed on from then on.

    keep     a record under an alias alone: kept, passed on, or passed over
    link     an alias is a user's: what was kept is passed on, and the user who had it before is told
    merge    a user is another from then on: an alias that is passed on for ever
    rename   whose it is, is another now: that one has it
    forget   whose it is, and what is kept

Comes in: `Unlinked`, `Claim` and `Forget` events. Goes out: `PassedOn` and `Lost` events, to the users' homes; and what
is to be written. An anonymous id is its first user's: once another is linked to it, it is a shared device, and nobody
can say whose a record without a name is, until all who were linked to it turn out to be one. A customer, or what a
trait names, is the user's with the newest link.

All goes to the user who was linked, whoever that is by now: that one's home passes it on in turn. So each record of a
link comes by one way, in one order, whenever whatever is heard, and a repeat is known at each step (`owners`).

Bounded: 200 records an alias, 4 KiB each, and so many bytes in all (`waiting`): then the alias that was quiet for
longest goes. What is dropped is counted by its reason.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import replace

from streams.core.events import Event
from streams.core.identities import kept, packing
from streams.core.identities.kept import Kept
from streams.core.identities.waiting import AT_ONCE, MOST_BYTES, Waiting
from streams.core.kernel.layout import NEVER
from streams.core.links import How, Lost, PassedOn, Place

MOST_RECORDS: Final = 200  # of an alias, beside the newest state of each subscription
MOST_RECORD_BYTES: Final = 4 << 10
MOST_USERS: Final = 100  # that were linked to one alias and are remembered

TOO_LARGE, TOO_MANY, TOO_OLD, NO_ROOM, SHARED, NOT_KEPT = (
    *("too large", "too many of one alias", "too old at the link", "no room", "shared device", "not kept"),
)


class Standing(msgspec.Struct, array_like=True, gc=False):
    """What is known of an alias whose records are not just kept.

    linked: the user who was linked to it, and to whom all goes; None where nobody has claimed it. since_ms: the time of
    the newest link to that user. number: of the link, which only grows. is_shared: whether another user was linked to
    what was one's own. passed_on, dropped: how many records, by reason. claims: by user, the newest link (ms) to each,
    of an alias that may move or is shared. renamed: users who were linked to it and are others by now, and who.
    """

    linked: str | None = None
    how: How = How.ANONYMOUS
    since_ms: int = NEVER
    number: int = 0
    is_shared: bool = False
    passed_on: int = 0
    dropped: dict[str, int] = msgspec.field(default_factory=dict)
    claims: dict[str, int] = msgspec.field(default_factory=dict)
    renamed: dict[str, str] = msgspec.field(default_factory=dict)

    @property
    def now(self) -> str | None:
        """Whose it is: who the one that was linked is by now."""
        return None if self.linked is None else self.renamed.get(self.linked, self.linked)


class AliasWrites(NamedTuple):
    """What has changed since it was last taken: records by name, and standings by alias."""

    records: list[tuple[str, bytes]]
    dropped: list[str]
    standings: list[tuple[str, bytes]]
    forgotten: list[str]


NO_RECORDS: Final[Mapping[str, bytes]] = MappingProxyType({})


class Aliases:
    """Of one shard.

    keep_ms: how much older than its link a record may be; 0: nothing is kept but the states of subscriptions.
    dropped: how many records, by reason; of several shards together, where they are given one. most_bytes: of all that
    is kept.
    """

    def __init__(
        self,
        keep_ms: int,
        records: Mapping[str, bytes] = NO_RECORDS,
        standings: Mapping[str, bytes] = NO_RECORDS,
        dropped: Counter[str] | None = None,
        most_bytes: int = MOST_BYTES,
    ):
        self._keep_ms = keep_ms
        self._standings: dict[str, bytes] = {}
        self.merged: dict[str, str] = {}  # users who are another from then on, and to whom all goes
        self._waiting = Waiting(most_bytes)
        self._told: set[str] = set()
        self.dropped: Counter[str] = Counter() if dropped is None else dropped
        for _ in self.fill(records, standings):
            pass

    def fill(self, records: Mapping[str, bytes], standings: Mapping[str, bytes]) -> Iterator[None]:
        """With what is stored, slice by slice; they are of no use before the last."""
        self._standings |= standings
        for number, (alias, raw) in enumerate(standings.items(), 1):
            if b'"merge"' in raw and (one := self.standing(alias)).how is How.MERGE and one.linked is not None:
                self.merged[alias] = one.linked
            if not number % AT_ONCE:
                yield
        yield from self._waiting.fill(records)

    def __len__(self) -> int:
        """How many aliases have records that wait."""
        return len(self._waiting)

    @property
    def bytes(self) -> int:
        """What the records that wait take."""
        return self._waiting.bytes

    def user_of(self, alias: str) -> str | None:
        return self.standing(alias).now

    def standing(self, alias: str) -> Standing:
        raw = self._standings.get(alias)
        return Standing() if raw is None else _STANDING.decode(raw)

    def records(self, alias: str) -> list[Kept]:
        """What is kept under it, in order of arrival."""
        return self._waiting.of(alias)

    def keep(self, event: Event, place: Place) -> list[Event]:
        """A record whose subject is an alias: what of it is to be passed on."""
        alias, standing = event.subject, self.standing(event.subject)
        if standing.is_shared:
            self._count(alias, standing, SHARED)
            return []
        state_of = kept.state_of(event)
        raw = kept.keep(self._waiting.next_number, place, event, MOST_RECORD_BYTES)
        if standing.linked is None and not self._keep_ms and state_of is None:
            self._count(alias, standing, NOT_KEPT)
            return []
        if standing.linked is None and len(raw) > MOST_RECORD_BYTES:
            self._count(alias, standing, TOO_LARGE)
            return []
        if standing.linked is None or (state_of is not None and standing.how.moves):
            self._waiting.add(alias, packing.pack(raw))
            self._make_room(alias, standing)
        if standing.linked is None:
            return []
        return self._pass_on(alias, standing, [kept.read(raw)])

    def pass_on(self, event: Event, place: Place, user: str, merged_ms: int) -> list[Event]:
        """A record of who is this user's alias by a merge of then that was done, and is still to be done anew."""
        record = kept.read(kept.keep(self._waiting.next_number, place, event))
        ahead = PassedOn(event.subject, self.standing(event.subject).number + 1, place, record.links, merged_ms)
        return [replace(record.event, subject=user, identity=ahead)]

    def link(self, alias: str, user: str, ts: int, how: How) -> list[Event]:
        """An alias is a user's, by a link of that time: what is to be passed on, and who is to know that it is lost."""
        standing = self.standing(alias)
        user = standing.renamed.get(user, user)
        if standing.now == user:
            self._repeat(alias, standing, ts, how)
            return []
        if standing.linked is None:
            return self._give(alias, standing, user, ts, how)
        if not how.moves:
            self._share(alias, standing, user, ts)
            return []
        if ts < standing.since_ms or ts <= standing.claims.get(user, NEVER):
            return []
        lost = Event(standing.linked, ts, "", False, None, {}, {}, identity=Lost(alias, standing.number))
        return [lost, *self._give(alias, standing, user, ts, how)]

    def pass_over(self, alias: str, user: str, ts: int, how: How) -> list[Event]:
        """A link of before it was forgotten with whoever had it: nobody's it stays, as where the link came before that.

        The user is to know, who takes it for hers.
        """
        standing = self.standing(alias)
        if standing.linked is not None:
            return []
        standing.how, standing.number = how, standing.number + 1
        standing.claims[user] = max(ts, standing.claims.get(user, NEVER))
        self._tell(alias, standing)
        return [Event(user, ts, "", False, None, {}, {}, identity=Lost(alias, standing.number))]

    def give_up(self, event: Event) -> None:
        """A customer's subscription is another's by now: what it was is not told to who has the alias next."""
        which, until = str(event.properties["subscription_id"]), (event.ts, event.order)
        stay = {one.number for one in self.records(event.subject) if one.state_of != which or one.rank[:2] > until}
        self._waiting.keep_only(event.subject, stay)

    def merge(self, gone: str, into: str, ts: int) -> list[Event]:
        """A user is another from then on: what is to be passed on of what was kept under the id as an alias."""
        standing = self.standing(gone)
        standing.is_shared = False
        passed_on = self._give(gone, standing, into, ts, How.MERGE)
        self._tell(gone, standing)
        self.merged[gone] = into
        return passed_on

    def rename(self, alias: str, gone: str, into: str, becomes: str | None = None) -> None:
        """Whoever was linked to it is another now: whoever that is has it, and shares it with nobody if all are one.

        becomes: whose it is to be, where that was done and is still to be done anew.
        """
        standing = self.standing(alias)
        linked = standing.linked or becomes
        is_hers = linked is not None and standing.renamed.get(linked, linked) == gone
        if not is_hers and gone not in standing.claims:
            return
        standing.renamed = {each: into if now == gone else now for each, now in standing.renamed.items()} | {gone: into}
        claimed = [standing.claims.pop(each) for each in (gone, into) if each in standing.claims]
        if claimed:
            standing.claims[into] = max(claimed)
        if standing.claims.keys() == {standing.now}:
            standing.is_shared = False
        self._tell(alias, standing)

    def forget(self, alias: str, user: str, until_ms: int) -> None:
        """A user was erased, with all up to then: whose it is, if it was hers, and what is kept."""
        standing = self.standing(alias)
        others = {each: ts for each, ts in standing.claims.items() if each != user}
        if standing.now in (None, user):
            self._waiting.keep_only(alias, {one.number for one in self.records(alias) if one.event.ts > until_ms})
            if standing.since_ms <= until_ms:
                self._leave_to(alias, standing, others)
        elif len(others) < len(standing.claims):
            standing.claims, standing.renamed = others, _without(standing.renamed, user)
            self._tell(alias, standing)

    def _leave_to(self, alias: str, standing: Standing, others: dict[str, int]) -> None:
        """An alias without whoever had it: a device is the first's of all others, and a customer nobody's."""
        self._forget_standing(alias)
        if not others:
            return
        renamed = _without(standing.renamed, standing.now)
        left = Standing(how=standing.how, number=standing.number + 1, claims=others, renamed=renamed)
        if not standing.how.moves:
            left.linked = min(others, key=lambda user: (others[user], user))
            left.since_ms, left.is_shared = others[left.linked], len(others) > 1
        self._tell(alias, left)

    def take(self) -> AliasWrites:
        gone = [alias for alias in self._told if alias not in self._standings]
        told = [(alias, self._standings[alias]) for alias in self._told if alias in self._standings]
        self._told = set()
        return AliasWrites(*self._waiting.take(), told, gone)

    @property
    def untold(self) -> int:
        """How much has changed since `take`."""
        return self._waiting.untold + len(self._told)

    def _repeat(self, alias: str, standing: Standing, ts: int, how: How) -> None:
        if how.moves and ts > standing.since_ms:
            standing.since_ms, standing.how = ts, how
            self._remember(standing, ts)
            self._tell(alias, standing)

    def _share(self, alias: str, standing: Standing, user: str, ts: int) -> None:
        if standing.is_shared and (user in standing.claims or len(standing.claims) >= MOST_USERS):
            return
        assert standing.now is not None, "somebody has it already"
        standing.claims = {standing.now: standing.since_ms} | standing.claims | {user: ts}
        standing.is_shared = True
        self._tell(alias, standing)

    def _give(self, alias: str, standing: Standing, user: str, ts: int, how: How) -> list[Event]:
        """To a user, what is kept: all that is not too old, and the newest states of subscriptions anyway."""
        is_first = standing.linked is None
        records = self.records(alias)
        states = kept.newest_states(records)
        given = [one for one in records if one.number in states or one.event.ts >= ts - self._keep_ms]
        standing.linked, standing.since_ms, standing.how = user, max(ts, standing.since_ms), how
        standing.number += 1
        self._remember(standing, ts)
        self._count(alias, standing, TOO_OLD, len(records) - len(given))
        self._waiting.keep_only(alias, states if how.moves else ())
        # What another user has had already is told again as news of nobody's, so that no repeat is seen in it.
        return self._pass_on(alias, standing, given if is_first else [_anew(one) for one in given])

    def _remember(self, standing: Standing, ts: int) -> None:
        if standing.how.moves and standing.now is not None:
            standing.claims[standing.now] = max(ts, standing.claims.get(standing.now, NEVER))
            if len(standing.claims) > MOST_USERS:
                del standing.claims[min(standing.claims, key=lambda user: (standing.claims[user], user))]

    def _pass_on(self, alias: str, standing: Standing, records: list[Kept]) -> list[Event]:
        assert standing.linked is not None, "who is told is known"
        standing.passed_on += len(records)
        self._tell(alias, standing)
        user, number, linked_ms = standing.linked, standing.number, standing.since_ms
        return [
            replace(one.event, subject=user, identity=PassedOn(alias, number, one.place, one.links, linked_ms))
            for one in records
        ]

    def _make_room(self, alias: str, standing: Standing) -> None:
        """Drop the oldest records that are too many of an alias; then the aliases that were quiet for longest."""
        raws = self._waiting.raw(alias)
        if len(raws) > MOST_RECORDS or any(map(kept.tells_a_state, raws)):
            records = self.records(alias)
            states = kept.newest_states(records)
            others = [one.number for one in records if one.number not in states]
            most = MOST_RECORDS if standing.linked is None else 0
            gone = self._waiting.keep_only(alias, {*states, *others[max(0, len(others) - most) :]})
            if standing.linked is None:
                self._count(alias, standing, TOO_MANY, gone)
        while (quiet := self._waiting.too_much) is not None:
            self.dropped[NO_ROOM] += self._waiting.keep_only(quiet, ())
            if self.user_of(quiet) is None:
                self._forget_standing(quiet)

    def _count(self, alias: str, standing: Standing, reason: str, count: int = 1) -> None:
        """Of an alias of which nothing else is known nothing is noted: there may be millions."""
        if not count:
            return
        self.dropped[reason] += count
        if standing.linked is not None or alias in self._waiting:
            standing.dropped[reason] = standing.dropped.get(reason, 0) + count
            self._tell(alias, standing)

    def _forget_standing(self, alias: str) -> None:
        self.merged.pop(alias, None)
        if self._standings.pop(alias, None) is not None:
            self._told.add(alias)

    def _tell(self, alias: str, standing: Standing) -> None:
        self._standings[alias] = _ENCODER.encode(standing)
        self._told.add(alias)


def _without(renamed: Mapping[str, str], user: str | None) -> dict[str, str]:
    return {gone: into for gone, into in renamed.items() if user not in (gone, into)}


def _anew(record: Kept) -> Kept:
    return replace(record, event=replace(record.event, message_id=None))


_ENCODER: Final = msgspec.json.Encoder()
_STANDING: Final = msgspec.json.Decoder(Standing)
