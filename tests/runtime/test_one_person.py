"""A few people under a few ids, in two shards that tell each other: as the judge has it, whatever crashes; and again as
it was, once all that was stored is lost.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import pytest
from faust.types import TP
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streams.core.compiler.catalog import Catalog
from streams.core.engine.erasure import Erasure
from streams.core.events import Event
from streams.core.rules.rulebook import Rulebook
from streams.kafka.partitioning import homes
from streams.outputs.change import decode_change
from streams.outputs.timeline import decode_entry
from streams.runtime import retry
from streams.sources import Decoder, delivery_commands, profile_commands
from streams.state.collection import Collection
from streams.state.format import ALIASES, DOCUMENTS, MARKS, MEMBERSHIPS, OWNED, ROWS, TIMELINE, UNLINKED
from streams.state.memory import MemoryStore
from streams.state.store import Store
from streams.testing import identify, to_bytes, track
from tests.anytime import ANY_TIME
from tests.core.harness import Changes, as_expected
from tests.core.identities.people import (
    APART_MS,
    STEPS,
    USERS,
    Becomes,
    Bill,
    Customer,
    SignIn,
    Step,
    Visit,
)
from tests.oracle import Expected, Merge, judge
from tests.oracle.identities import named
from tests.rulebooks import rulebook
from tests.runtime.lives import HOW, PARTITIONS, Crash, Owner, World, lose
from tests.state.checkpoints import claimed
from tests.strategies.histories import END_MS, START_MS

COUNTED: Final = rulebook(**{f"seen-{n}": f"count(any) >= {n}" for n in range(1, 7)}, payer="mrr >= 20")
DECODER: Final = Decoder(Catalog(COUNTED).reads, ANY_TIME)
Crashes = Mapping[int, tuple[int, str]]
NEVER: Final[Crashes] = {}
CRASHES: st.SearchStrategy[Crashes] = st.dictionaries(
    st.integers(0, 40), st.tuples(st.integers(0, 12), st.sampled_from(HOW)), max_size=12
)


class Erase(NamedTuple):
    user: str


class Early(NamedTuple):
    """A merge that is stamped before all that happened, as by a backend that sends no time of its own."""

    gone: str
    into: str


class Late(NamedTuple):
    """What a user did so many steps ago, and is told of now. It has no id, by which a repeat would be seen."""

    user: str
    by: int


class Backdated(NamedTuple):
    """A merge that is stamped so many steps before."""

    gone: str
    into: str
    by: int


class Published(NamedTuple):
    """A record, and when it was written."""

    topic: str
    key: str
    value: bytes
    at_ms: int


AGO: Final = st.integers(0, 12)
OF_USERS: Final[st.SearchStrategy[Step | Early | Late | Backdated]] = st.one_of(
    st.builds(Late, st.sampled_from(USERS), AGO),
    st.builds(SignIn, st.sampled_from(USERS), st.none()),
    st.builds(Late, st.sampled_from(USERS), AGO),
    st.permutations(USERS).map(lambda users: Becomes(users[0], users[1])),
    st.builds(Backdated, st.sampled_from(USERS), st.sampled_from(USERS), AGO).filter(lambda one: one[0] != one[1]),
)
ERASURES: Final = st.builds(Erase, st.sampled_from(USERS))
EARLY: Final = st.permutations(USERS).map(lambda users: Early(users[0], users[1]))


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "FIRST_WAIT_S", 0.0)


class Company:
    """Both shards, from one life to the next. crashes: by number of a life, the step and how."""

    def __init__(self, kept: Store, crashes: Crashes, rules: Rulebook = COUNTED):
        self.kept, self.world, self.rules = kept, World(kept.shards), rules
        self.after: Rulebook | None = None
        self.begin(crashes)

    def begin(self, crashes: Crashes) -> None:
        """Lives are counted anew."""
        self._crashes, self._lives = crashes, 0

    def publish(self, record: Published) -> None:
        home = homes(record.key, PARTITIONS, "murmur2")[0]
        self.world.arrive(TP(record.topic, home), record.key, record.value, record.at_ms)

    async def settle(self) -> None:
        """Until nobody has anything left to do."""
        for _ in range(30):
            busy = [shard for shard in range(PARTITIONS) if await self._is_busy(shard)]
            if not busy:
                return
            for shard in busy:
                await self.live_once(shard)
        raise AssertionError("they never stop telling each other something")

    async def live_once(self, shard: int) -> bool:
        """One life of its owner; whether it did not crash."""
        at, how = self._crashes.get(self._lives, (None, ""))
        self._lives += 1
        try:
            await Owner(self.world, self.rules, at, how, self.after, shard).live()
        except Crash:
            return False
        return True

    async def _is_busy(self, shard: int) -> bool:
        ends = {tp.topic: len(self.world.inputs[tp]) for tp in self.world.inputs_of(shard)}
        progress = await self.kept.shards.progress(shard)
        if progress is None:
            return any(ends.values())
        reached = all(progress.positions.get(topic, 0) == end for topic, end in ends.items())
        return not reached or not await self.kept.shards.is_published(shard, progress.number)

    def told(self) -> Changes:
        """By user, each once."""
        first: dict[str, Expected] = {}
        for message in self.world.of("segment-changes"):
            change = decode_change(message.value or b"")
            told = as_expected(change)
            assert first.setdefault(change.id, told) == told, "a repeat says something else"
        found: Changes = {}
        for told in first.values():
            found.setdefault(told.subject, []).append(told)
        return found

    def repeats(self) -> int:
        ids = [decode_change(message.value or b"").id for message in self.world.of("segment-changes")]
        return len(ids) - len(set(ids))

    async def stands(self) -> dict[str, Any]:
        """Where each user is, as others see it; and of whom or what something is stored."""
        told = {message.key.decode(): message.value for message in self.world.of("segment-memberships")}
        where = {user: set(json.loads(value)["segments"]) for user, value in told.items() if value is not None}
        found: dict[str, Any] = {"published": {user: segments for user, segments in where.items() if segments}}
        for shard in range(PARTITIONS):
            stored = await claimed(self.kept.shards, shard, 1 << 60)
            kept: tuple[Collection[Any, Any], ...] = (ROWS, DOCUMENTS, MARKS, ALIASES, OWNED)
            for collection in kept:
                found[f"{shard} {collection.key}"] = set(stored[collection]) if stored else set()
            # The number of a record that waits says nothing but its place.
            waits = [name.partition("\0")[0] for name in stored[UNLINKED]] if stored else []
            found[f"{shard} {UNLINKED.key}"] = sorted(waits)
            for user in USERS:
                raw = await self.kept.shards.get(shard, MEMBERSHIPS, user)
                found[f"{shard} {user}"] = set(json.loads(raw or b"{}"))
        return found


def records(steps: Sequence[Step | Erase | Early | Late | Backdated]) -> list[Published]:
    """A merge that cannot be is left out."""
    found: list[Published] = []
    now = dict(zip(USERS, USERS, strict=True))
    known: set[str] = set()
    for number, step in enumerate(steps):
        ts = now_ms = START_MS + number * APART_MS
        match step:
            case Visit(alias):
                record = track(None, "Page Viewed", ts, f"m-{number}", n=number) | {"anonymousId": alias}
                record |= {"context": {"campaign": {"n": number}}}
                found.append(Published("product-events", alias, to_bytes(record), now_ms))
            case SignIn(user, alias):
                record = track(user, "Signed In", ts, f"m-{number}", n=number)
                record |= {"context": {"device": {"n": number}}} | ({"anonymousId": alias} if alias else {})
                found.append(Published("product-events", user, to_bytes(record), now_ms))
                known.add(now[user])
            case Late(user, by):
                record = track(user, "Page Viewed", ts - by * APART_MS)
                found.append(Published("product-events", user, to_bytes(record), now_ms))
                known.add(now[user])
            case Bill(mrr):
                found.append(Published("billing-updates", "cus_1", to_bytes(subscription(number, ts, mrr)), now_ms))
            case Customer(user):
                record = identify(user, ts, f"m-{number}", stripe_customer_id="cus_1")
                found.append(Published("product-events", user, to_bytes(record), now_ms))
                known.add(now[user])
            case Erase(gone):
                command = profile_commands.encode(Erasure(gone, ts, f"m-{number}"))
                found.append(Published("profile-commands", gone, command, now_ms))
                known.discard(now[gone])
                now = {user: user if one == now[gone] else one for user, one in now.items()}
            case Becomes(gone, into) | Early(gone, into) | Backdated(gone, into, _) if {gone, into} <= known:
                ts = START_MS - APART_MS + number if isinstance(step, Early) else ts
                ts -= step.by * APART_MS if isinstance(step, Backdated) else 0
                command = profile_commands.encode(profile_commands.merge(gone, into, ts, f"merge {gone}"))
                found.append(Published("profile-commands", gone, command, now_ms))
                known.remove(gone)
                now = {user: into if one == gone else one for user, one in now.items()}
    return found


def subscription(number: int, ts: int, mrr: float) -> dict[str, object]:
    monthly = {"interval": "month", "interval_count": 1}
    price = {"id": "price_1", "unit_amount": int(mrr * 100), "currency": "usd", "recurring": monthly}
    items = {"data": [{"id": "si_1", "quantity": 1, "price": price}]}
    body = {"object": "subscription", "id": "sub_1", "customer": "cus_1", "status": "active", "items": items}
    event = {"object": "event", "id": f"evt_{number}", "type": "customer.subscription.updated", "livemode": True}
    return event | {"created": ts // 1000, "data": {"object": body}}


def items(published: Sequence[Published]) -> list[Event | Merge | int]:
    """What the judge is told."""
    found: list[Event | Merge | int] = []
    for topic, key, value, _ in published:
        if topic == "profile-commands":
            said = json.loads(value)
            at = profile_commands.decode(value, key.encode(), None)
            assert isinstance(at, Event)
            found.append(Merge(said["userId"], said["into"], at.ts, said["messageId"]))
        else:
            event = DECODER.decode_line(value)
            assert isinstance(event, Event), event
            found.append(event)
    return found


async def live(company: Company, published: Sequence[Published]) -> None:
    """One record after another, each when all has been heard that came of the one before."""
    for record in published:
        company.publish(record)
        await company.settle()


async def as_the_judge_has_it(kept: Store, steps: Sequence[Step | Early], crashes: Crashes) -> None:
    published, company = records(steps), Company(kept, crashes)
    await live(company, published)
    expected = judge(COUNTED, named(items(published)), END_MS)
    assert company.told() == {user: changes for user, changes in expected.items() if changes}


async def as_it_was(kept: Store, steps: Sequence[Step | Erase | Early], crashes: Crashes = NEVER) -> None:
    """crashes: while it is made anew."""
    company = Company(kept, NEVER)
    await live(company, records(steps))
    before, told, repeats = await company.stands(), company.told(), company.repeats()
    await lose(kept)
    company.begin(crashes)
    await company.settle()
    assert await company.stands() == before
    assert company.told() == told
    assert crashes or company.repeats() == repeats


def stands_by(told: Sequence[Expected]) -> set[str]:
    """Where a user stands who has been told all of this."""
    found: set[str] = set()
    for change in told:
        (found.add if change.type == "segment.entered" else found.discard)(change.segment)
    return found


async def as_if_nothing_was_lost(
    kept: Store, steps: Sequence[Step | Late | Early | Backdated], at: int, crashes: Crashes = NEVER
) -> None:
    """at: the first record that comes while all is lost. Late events may be told at other instants; in the end
    everybody is where she must be."""
    published, whole, company = records(steps), Company(MemoryStore(), NEVER), Company(kept, NEVER)
    await live(whole, published)
    await live(company, published[:at])
    await lose(kept)
    company.begin(crashes)
    for record in published[at:]:
        company.publish(record)
    await company.settle()
    assert await company.stands() == await whole.stands()


@settings(max_examples=1 + settings().max_examples // 3)
@given(st.lists(STEPS | EARLY, max_size=10), CRASHES)
@example([SignIn("ann", None), SignIn("dan", None), Early("dan", "ann"), SignIn("dan", None)], NEVER)
def test_linked_and_merged_is_as_if_always_one_whatever_crashes(steps: list[Step | Early], crashes: Crashes) -> None:
    asyncio.run(as_the_judge_has_it(MemoryStore(), steps, crashes))


@settings(max_examples=1 + settings().max_examples // 3)
@given(st.lists(STEPS | EARLY | ERASURES, max_size=10), st.just(NEVER) | CRASHES)
@example([SignIn("ann", None), SignIn("dan", None), Early("dan", "ann"), SignIn("dan", None)], NEVER)
@example([Customer("dan"), Customer("ann"), Erase("ann"), Bill(30.0)], NEVER)  # who had it before has it no more
@example([Customer("dan"), SignIn("ann", None), Becomes("dan", "ann"), Customer("cy"), Erase("dan")], NEVER)
@example([SignIn("dan", None), Erase("cy"), Erase("cy"), SignIn("cy", None), Becomes("cy", "dan")], NEVER)
@example([SignIn("ann", None), Erase("ann"), SignIn("ann", None)], {0: (10, "after, a crash")})  # she is back
@example([SignIn("dan", None), Erase("ann"), SignIn("ann", None), Early("ann", "dan")], NEVER)  # and another then
def test_a_state_that_is_made_anew_is_as_it_was_and_tells_nothing_again(
    steps: list[Step | Erase | Early], crashes: Crashes
) -> None:
    asyncio.run(as_it_was(MemoryStore(), steps, crashes))


GONE: Final[Sequence[Step]] = (SignIn("dan", None), SignIn("ann", None), Becomes("dan", "ann"))


@settings(max_examples=1 + settings().max_examples // 3)
@given(st.lists(OF_USERS, max_size=10), st.integers(0, 10), st.just(NEVER) | CRASHES)
@example([*GONE, Late("dan", 5)], 3, NEVER)  # it comes before the merge by its time, and has not moved with her
@example([*GONE, Late("dan", 5), Late("dan", 5)], 4, NEVER)
@example([*GONE[:2], Late("dan", 0), Backdated("dan", "ann", 2)], 4, NEVER)  # it comes after it, and has moved
@example([*GONE, SignIn("cy", None), Becomes("ann", "cy"), Late("dan", 9), Late("ann", 9)], 5, NEVER)
def test_what_bears_a_user_who_is_gone_counts_once_wherever_all_is_lost(
    steps: list[Step | Late | Early | Backdated], at: int, crashes: Crashes
) -> None:
    asyncio.run(as_if_nothing_was_lost(MemoryStore(), steps, at, crashes))


# Two devices, of which one is of two who become one; a customer who is one's and then the other's; and a chain.
EVENTFUL: Final[Sequence[Step]] = (
    *(Visit("a-1"), Bill(30.0), SignIn("ann", "a-1"), SignIn("dan", "a-1"), Visit("a-1"), Customer("ann")),
    *(Customer("dan"), SignIn("cy", "a-2"), Becomes("ann", "dan"), Visit("a-1"), Becomes("dan", "cy"), Visit("a-1")),
)


@pytest.mark.parametrize("how", HOW[:2])
async def test_both_stores_keep_it(kept: Store, how: str) -> None:
    """Every second life ends with a crash, each time at the next step."""
    await lose(kept)
    await as_the_judge_has_it(kept, EVENTFUL, {2 * n: (n % 9, how) for n in range(40)})


@pytest.mark.parametrize("erased", ["cy", "ann"])
async def test_the_changes_of_who_is_gone_stay_until_the_survivor_is_erased_whatever_crashes(
    kept: Store, erased: str
) -> None:
    async def timelines() -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for user in USERS:
            home = homes(user, PARTITIONS, "murmur2")[0]
            entries = map(decode_entry, await kept.shards.entries(home, TIMELINE, user))
            found[user] = [each.occurred_at for each in entries]
        return found

    await lose(kept)
    company = Company(kept, {2 * n: (n % 9, HOW[0]) for n in range(60)})
    published = records((*EVENTFUL, Erase(erased)))
    await live(company, published[:-1])
    told = company.told()
    expected = {user: sorted((each.occurred_at for each in told[user]), reverse=True) for user in USERS}
    assert {user: sorted(of_user, reverse=True) for user, of_user in (await timelines()).items()} == expected
    await live(company, published[-1:])
    assert not any((await timelines()).values())


async def test_whoever_delivers_messages_is_told_of_each_merge_where_the_changes_of_who_is_gone_are(
    kept: Store,
) -> None:
    await lose(kept)
    company = Company(kept, {2 * n: (n % 9, HOW[0]) for n in range(40)})
    await live(company, records(EVENTFUL))
    told = set()
    for tp, messages in company.world.stands.items():
        for message in messages if tp.topic == "delivery-commands" else ():
            merged = delivery_commands.decode(message.value or b"")
            assert isinstance(merged, delivery_commands.Merged)
            assert [tp.partition, merged.shard] == [
                homes(one, PARTITIONS, "murmur2")[0] for one in (merged.user, merged.into)
            ]
            told.add((merged.user, merged.into))
    assert told == {("ann", "dan"), ("dan", "cy")}


@pytest.mark.parametrize("again", [NEVER, {n: (9 + n, HOW[n % 2]) for n in range(12)}])
async def test_whoever_entered_while_she_was_about_to_become_another_is_told_out_of_it_where_all_is_lost_then(
    kept: Store, again: Crashes
) -> None:
    """The answer comes before that by its time, so made anew she is gone before she enters."""
    await lose(kept)
    company = Company(kept, NEVER)
    *first, merge, entering = records((*GONE, SignIn("dan", None)))
    await live(company, first)
    gone, stays = (homes(user, PARTITIONS, "murmur2")[0] for user in ("dan", "ann"))
    for record in (merge, entering):
        company.publish(record)
        await company.live_once(gone)
    assert stands_by(company.told()["dan"]) == {"seen-1", "seen-2"}
    await lose(kept)
    company.begin(again)
    while not await company.live_once(stays):
        pass
    await company.settle()
    told = company.told()
    assert stands_by(told["ann"]) == {"seen-1", "seen-2", "seen-3"}
    of_dan = [(change.segment, change.type, change.ordinal, change.cause) for change in told["dan"]]
    each = (("segment.entered", 1, "event"), ("segment.exited", 2, "merge"))
    assert sorted(of_dan) == [(segment, *said) for segment in ("seen-1", "seen-2") for said in each]


@pytest.mark.parametrize("erased", ["ann", "cy"])
async def test_both_stores_are_made_anew(kept: Store, erased: str) -> None:
    """Once with the survivor erased, once with one of those who became her."""
    await lose(kept)
    await as_it_was(kept, (*EVENTFUL, Erase(erased), Visit("a-1"), SignIn("ann", "a-2"), Visit("a-2")))
