"""Records that could not be used are sent again as they were, each once, whoever asks how often."""

import asyncio

import pytest
from aiokafka import AIOKafkaProducer
from click.testing import CliRunner

from streams.admin.mending import choose, send_again, sendings
from streams.cli import main
from streams.core.events import Reject
from streams.errors import Unreachable
from streams.kafka.places import Place, records_at
from streams.kafka.publisher import home_partition
from streams.outputs.dead_letter import DeadLetter, encode_dead_letter
from streams.state.opening import opened_store
from tests.e2e.pipeline import Pipeline, Seen

LONG = b'{"userId": "ann", "properties": {"text": "' + b"x" * (100 << 10) + b'"}}'
SHORT = b'{"userId": "ann", "type": "billing", "event": "Invoice Paid"}'
SENT_AT_MS = 1_772_355_600_000
WHEN = [("trace", b"7"), ("none", None)]


def run(pipeline: Pipeline, *arguments: str) -> str:
    invoked = CliRunner().invoke(main, ["dead-letters", *arguments], env=pipeline.environment, catch_exceptions=False)
    assert invoked.exit_code == 0, invoked.output
    return invoked.output


async def bury(pipeline: Pipeline, *letters: tuple[str, bytes | None, bytes | None, int | None]) -> None:
    """(reason, key, value, offset): of a record of billing-updates in the home of its key; where no offset says that it
    stood somewhere, it is published here."""
    topic, letters_on = (pipeline.settings.topic(name) for name in ("billing-updates", "dead-letters"))
    async with AIOKafkaProducer(bootstrap_servers=pipeline.settings.kafka) as producer:
        for reason, key, value, offset in letters:
            home = home_partition((key or b"").decode(), pipeline.partitions) if key else 3
            if offset is None:
                stood = await producer.send_and_wait(topic, value, key, home, SENT_AT_MS, WHEN)
                offset = stood.offset
            letter = DeadLetter(Reject(reason, "it is wrong"), topic, home, offset, value)
            body, headers = encode_dead_letter(letter)
            await producer.send_and_wait(letters_on, body, key or b"", headers=list(headers))


def again(pipeline: Pipeline, number: int) -> list[Seen]:
    return pipeline.read("billing-updates", lambda seen: len(seen) >= number)


def test_each_goes_once_as_it_was_and_once_more_only_where_that_is_asked(pipeline: Pipeline) -> None:
    pipeline.publish([])
    asyncio.run(bury(pipeline, ("no_rate", b"ann", LONG, None), ("no_rate", None, SHORT, None)))
    asyncio.run(bury(pipeline, ("no_rate", b"bob", SHORT, 10_000), ("no_rate", b"cid", LONG, 10_001)))
    asyncio.run(bury(pipeline, ("unreadable", None, b"bytes of a batch", 77)))
    shown = run(pipeline)
    assert "no_rate" in shown
    assert "SEGMENTER_CURRENCY_RATES" in shown
    assert "cannot be sent: its bytes are those of a batch" in run(pipeline, "again", "unreadable", "--yes")
    told = run(pipeline, "again", "no_rate", "--yes")
    assert "4 records would be published" in told
    assert "3 records were sent again" in told
    assert "1 record cannot be sent: its topic has it no more" in told
    found = again(pipeline, 5)
    by_key = {key: [one for one in found if one.key == key] for key in (b"ann", None, b"bob")}
    assert {key: len(some) for key, some in by_key.items()} == {b"ann": 2, None: 2, b"bob": 1}
    for key in (b"ann", None):
        first, second = by_key[key]
        assert first == second
    places = [Place(pipeline.settings.topic("billing-updates"), home_partition("ann", 4), offset) for offset in (0, 1)]
    both = asyncio.run(records_at(pipeline.settings, places))
    assert [(both[place].timestamp, both[place].key) for place in places] == [(SENT_AT_MS, b"ann")] * 2
    assert (by_key[b"bob"][0].value, by_key[b"bob"][0].partition) == (SHORT, home_partition("bob", 4))
    assert "3 records went before" in run(pipeline, "again", "no_rate", "--yes")
    place = f"{pipeline.settings.topic('billing-updates')}/{home_partition('ann', 4)}/0"
    once_more = run(pipeline, "again", "no_rate", "--place", place, "--even-again", "--yes")
    assert "1 record was sent again" in once_more
    assert [one.key for one in again(pipeline, 6)].count(b"ann") == 3


def test_of_two_who_ask_at_once_the_slower_sends_none_and_what_may_have_gone_goes_again_only_where_that_is_asked(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.publish([])
    asyncio.run(bury(pipeline, ("no_rate", b"ann", SHORT, None), ("no_rate", b"bob", SHORT, None)))
    settings = pipeline.settings

    async def gone(*_: object) -> None:
        raise Unreachable("Redis went away")

    async def ask(*who: str, breaks: bool = False) -> list[int]:
        async with opened_store(settings) as store:
            choice = await choose(settings, store.group, lambda _: True)
            with monkeypatch.context() as patched:
                if breaks:
                    patched.setattr(store.group, "put", gone)
                asked = [send_again(settings, store.group, choice, each, SENT_AT_MS) for each in who]
                return sorted(found.sent for found in await asyncio.gather(*asked))

    async def is_done() -> list[bool]:
        async with opened_store(settings) as store:
            return [sending.is_done for sending in (await sendings(store.group)).values()]

    assert asyncio.run(ask("ann", "bob")) == [0, 2]
    asyncio.run(bury(pipeline, ("no_rate", b"cid", SHORT, None)))
    with pytest.raises(Unreachable):
        asyncio.run(ask("ann", breaks=True))
    assert asyncio.run(is_done()) == [True, True, False]
    assert asyncio.run(ask("ann")) == [0]
    assert len(again(pipeline, 6)) == 6
