"""What you can do in the made-up company's app: records as a producer sends them."""

import pytest

from streams.core.events import Event, Reads
from streams.settings import Settings
from streams.topics import PRODUCT_EVENTS
from streams.web.company.acts import ACTS, WORKED_DAYS, records_of
from tests.decoders import Decoder

NOW_MS = 1_796_000_000_000


@pytest.mark.parametrize("act", ACTS)
def test_each_act_is_records_that_the_engine_takes(act: str) -> None:
    decoder = Decoder(Reads({}))
    for outgoing in records_of(Settings(), "you", act, NOW_MS):
        assert outgoing.at_ms is not None
        decode = decoder.product if outgoing.topic == PRODUCT_EVENTS.name else decoder.billing
        event = decode(outgoing.value, b"you", outgoing.at_ms)
        assert isinstance(event, Event), event
        assert (event.subject, event.ts) == ("you", outgoing.at_ms)


def test_work_of_two_weeks_is_on_each_of_its_days_and_in_order() -> None:
    records = records_of(Settings(), "you", "fortnight", NOW_MS)
    times = [each.at_ms for each in records]
    assert times == sorted(times, key=lambda at: at or 0)
    assert len({(at or 0) // 86_400_000 for at in times}) == WORKED_DAYS
