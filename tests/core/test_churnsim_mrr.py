"""MRR of ChurnSim's accounts by the ledger, against the same sums by SQL over the file that the updates are made of."""

import importlib.util
from datetime import UTC, datetime
from itertools import takewhile
from types import ModuleType

import duckdb
import msgspec
import pytest

from streams.core.events import Event, Reads
from streams.core.profiles.document import Document
from tests import churnsim
from tests.decoders import Decoder

TOOL = churnsim.DATA.parents[1] / "tools" / "churnsim_events.py"
MONTHS = range(1, 8)  # of 2020
BY_SQL = """
    select sum(round(mrr * (1 - coalesce(discount, 0)), 2))
    from read_csv(?)
    where start_date <= ? and ? < end_date
"""

pytestmark = pytest.mark.skipif(not churnsim.DATA.exists(), reason="the accounts are not on this machine")


def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("churnsim_events", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def updates() -> list[Event]:
    decode = Decoder(Reads({})).billing
    lines = sorted((at, msgspec.json.encode(update)) for at, update in tool().billing_updates(churnsim.DATA))
    events = [decode(line, None, None) for _, line in lines]
    return [event for event in events if isinstance(event, Event)]


def mrr_at(events: list[Event], at_ms: int) -> float:
    documents: dict[str, Document] = {}
    for event in takewhile(lambda each: each.ts <= at_ms, events):
        documents.setdefault(event.subject, Document()).fold(event)
    found = [document.read("mrr") for document in documents.values()]
    return sum(mrr for mrr in found if isinstance(mrr, float))


def test_each_month_the_ledger_has_the_mrr_that_sql_sums() -> None:
    events, source = updates(), str(churnsim.DATA / "subscriptions.csv.gz")
    assert len(events) == 882
    for month in MONTHS:
        begins = datetime(2020, month, 1, tzinfo=UTC)
        stated = begins.replace(tzinfo=None)
        [(summed,)] = duckdb.execute(BY_SQL, [source, stated, stated]).fetchall()
        assert mrr_at(events, int(begins.timestamp() * 1000)) == pytest.approx(summed or 0.0, abs=1e-6)
