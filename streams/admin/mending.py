"""Records that could not be used, once more: after what was wrong with them is mended.

1. the newest dead letters are read, and of those that are asked for the ones left out that went before
2. Redis is told which go now: of two who ask at once the slower one finds them taken
3. each record is read where it stands, or where its topic has it no more, out of its dead letter
4. it is published to its topic, with its key, value, headers and time, to the home of its key
5. Redis is told that all of them went

Comes in: which, who asks, Kafka and Redis. Goes out: `Mended`. Where it ends between 2 and 5, nobody knows which of
them went: that is told of them, and they go again only where that is asked for.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from streams.admin.advice import NEVER
from streams.kafka.batches.record import PlainRecord, Record
from streams.kafka.clients import following
from streams.kafka.places import Place, putting_back, records_at
from streams.outputs.dead_letter import DeadLetter, decode_dead_letter
from streams.settings import Settings
from streams.state.format import SENT_AGAIN
from streams.state.store import GroupStore
from streams.topics import BILLING_UPDATES, DEAD_LETTERS, PRODUCT_EVENTS, PROFILE_COMMANDS

NEWEST: Final = 1_000  # dead letters that are looked through
REMEMBERED: Final = 100  # sendings
OF: Final = (PRODUCT_EVENTS, BILLING_UPDATES, PROFILE_COMMANDS)
GONE: Final = "its topic has it no more, and its dead letter only the beginning of it"
ELSEWHERE: Final = "its topic is none of ours"


class Sending(msgspec.Struct, frozen=True):
    """As Redis keeps it. is_done: whether all of them are known to have gone."""

    at_ms: int
    author: str
    places: tuple[str, ...]
    is_done: bool


class Buried(NamedTuple):
    """A dead letter, as it was read. place: where the record stood."""

    place: Place
    letter: DeadLetter
    record: Record


class Choice(NamedTuple):
    """What would be sent. before: went already, or perhaps. never: cannot be sent, and why."""

    now: Sequence[Buried]
    before: Sequence[Place]
    never: Mapping[Place, str]


class Mended(NamedTuple):
    """before: how many had gone already, or perhaps. never: those that cannot be sent, and why."""

    sent: int
    before: int
    never: Mapping[Place, str]


async def newest(settings: Settings, most: int = NEWEST) -> list[Buried]:
    """The newest dead letters, the oldest of them first; of one record that is there twice the first."""
    async with following(settings, settings.topic(DEAD_LETTERS.name), most) as batches:
        records = await anext(batches)
    found: dict[Place, Buried] = {}
    for record in records:
        try:
            letter = decode_dead_letter(record.value, record.headers)
        except (KeyError, ValueError):
            continue
        place = Place(letter.topic, letter.partition, letter.offset)
        found.setdefault(place, Buried(place, letter, record))
    return list(found.values())


async def sendings(group: GroupStore) -> dict[str, Sending]:
    """Of each record that was sent again, by its place, the last time."""
    return _by_place(await group.read(SENT_AGAIN))


def _by_place(kept: Mapping[int, bytes]) -> dict[str, Sending]:
    found = [msgspec.json.decode(kept[number], type=Sending) for number in sorted(kept)]
    return {place: each for each in found for place in each.places}


async def choose(
    settings: Settings, group: GroupStore, wanted: Callable[[Buried], bool], even_again: bool = False
) -> Choice:
    """Of the newest those that are wanted."""
    sent = {} if even_again else await sendings(group)
    topics = {settings.topic(topic.name) for topic in OF}
    now: list[Buried] = []
    before: list[Place] = []
    never: dict[Place, str] = {}
    for each in filter(wanted, await newest(settings)):
        if why := NEVER.get(each.letter.why.code, "" if each.place.topic in topics else ELSEWHERE):
            never[each.place] = why
        elif str(each.place) in sent:
            before.append(each.place)
        else:
            now.append(each)
    return Choice(now, before, never)


async def send_again(
    settings: Settings, group: GroupStore, choice: Choice, author: str, at_ms: int, even_again: bool = False
) -> Mended:
    """Unreachable: Kafka or Redis went away; what is told as `perhaps` may have gone."""
    records, never = await _as_they_were(settings, choice.now)
    places = sorted(records)
    async with putting_back(settings) as put:
        number, taken = await _claim(group, places, author, at_ms, even_again)
        mine = [place for place in places if str(place) not in taken]
        await put({place: records[place] for place in mine})
    if mine:
        sending = Sending(at_ms, author, tuple(map(str, mine)), is_done=True)
        await group.put(SENT_AGAIN, number, msgspec.json.encode(sending))
    return Mended(len(mine), len(choice.before) + len(places) - len(mine), {**choice.never, **never})


async def _as_they_were(settings: Settings, buried: Sequence[Buried]) -> tuple[dict[Place, Record], dict[Place, str]]:
    """The record of each, and of which there is none any more."""
    there: dict[Place, Record] = await records_at(settings, [each.place for each in buried])
    lost: dict[Place, str] = {}
    for place, letter, record in buried:
        if place in there:
            continue
        if letter.truncated is None:
            there[place] = PlainRecord(place.offset, record.timestamp, record.key or None, letter.value)
        else:
            lost[place] = GONE
    return there, lost


async def _claim(
    group: GroupStore, places: Sequence[Place], author: str, at_ms: int, even_again: bool
) -> tuple[int, set[str]]:
    """The number of the sending, and which of them somebody else sends."""
    while True:
        kept = await group.read(SENT_AGAIN)
        taken = set() if even_again else _by_place(kept).keys() & set(map(str, places))
        mine = tuple(str(place) for place in places if str(place) not in taken)
        number = max(kept, default=0) + 1  # as long as there is none of it, nobody has sent anything since
        sending = msgspec.json.encode(Sending(at_ms, author, mine, is_done=False))
        if not mine or not await group.replace(SENT_AGAIN, number, b"", sending, newest=REMEMBERED):
            return number, taken
