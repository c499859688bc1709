"""A backtest beside a replay of the same: python -m tests.bench.backtest [EVENTS [FOLDER]]

Prints, for the five rules of the other benchmarks and for all that ship: events a second of one process that plays all
of a history (as `segmenter replay` does, changes thrown away), of a backtest by one process and by as many as there are
cores, from JSON Lines, from Parquet with whole records in a column, and from Parquet with a column a field; and the
ratio of each to processes x the first. Each is a process that has the engine already.

A first line says how much of twice the work two processes do that have nothing to do with each other: more cannot be
had of a machine whose cores share what they have.
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

import msgspec

from streams import rulefiles
from streams.backtest.parquet import load_pyarrow
from streams.backtest.processes import play
from streams.backtest.question import Question
from streams.backtest.report import report
from streams.core.engine.shard import Shard
from streams.core.instants import parse_time
from streams.core.rules.rulebook import Rulebook
from streams.eventfiles.lines import LineFile
from streams.eventfiles.playback import Playback
from streams.native.build import compile_kernel
from streams.settings import Settings, cache_folder
from streams.sources import Decoder
from tests.bench.crowd import Crowd, Sent
from tests.bench.five import five_rules

END_MS = 1_795_000_000_000
ROWS = 50_000
TEXTS = ("type", "messageId", "userId", "event", "source", "format")


def write_lines(path: Path, records: Iterable[Sent]) -> int:
    with path.open("wb") as file:
        return sum(1 for record in records if file.write(record.value + b"\n"))


def write_parquet(whole: Path, columns: Path, lines: Path) -> None:
    """Whole records in a column; and track events alone, a column a field."""
    pa = load_pyarrow()
    fields = pa.schema([*((name, pa.string()) for name in TEXTS), ("timestamp", pa.timestamp("ms", tz="UTC"))])
    with (
        lines.open("rb") as file,
        pa.parquet.ParquetWriter(whole, pa.schema([("value", pa.binary())])) as of_values,
        pa.parquet.ParquetWriter(columns, fields) as of_fields,
    ):
        while some := [line.rstrip(b"\n") for line in islice(file, ROWS)]:
            of_values.write_table(pa.table({"value": some}))
            tracks = [record for line in some if (record := msgspec.json.decode(line))["type"] == "track"]
            rows = [{**each, **each["properties"], "timestamp": parse_time(each["timestamp"])} for each in tracks]
            of_fields.write_table(pa.Table.from_pylist(rows, fields))


def together() -> float:
    """Of twice the work of one process, how much two do that run at once."""
    alone = min(_spin() for _ in range(3))
    with ProcessPoolExecutor(2, get_context("fork")) as pool:
        list(pool.map(_spin, range(2)))
        at_once = [max(pool.map(_spin, range(2))) for _ in range(3)]
    return alone / min(at_once)


def _spin(_: int = 0) -> float:
    begin = time.perf_counter()
    line = b'{"type":"track","userId":"user-1","event":"Signed In"}'
    kept = {f"user-{n}": msgspec.json.decode(line) for n in range(1_000_000)}
    return time.perf_counter() - begin if kept else 0.0


def replay(rules: Rulebook, path: Path) -> None:
    shard = Shard(rules)
    with closing(LineFile(path)) as file:
        for _ in Playback(shard, Decoder(shard.catalog.reads), [file], lambda _: None).changes():
            pass


def backtest(rules: Rulebook, path: Path, processes: int) -> None:
    question = Question(Settings(), (str(path),), rules)
    report(question, play(question, processes, lambda *_: None))


def main(events: int, folder: Path) -> None:
    compile_kernel(cache_folder())
    cores = os.cpu_count() or 1
    print(f"two processes that have nothing to do with each other: {together():.2f} x 2 x one", flush=True)
    lines, whole, columns = folder / "events.jsonl", folder / "records.parquet", folder / "columns.parquet"
    count = write_lines(lines, Crowd(events // 100, events, end_ms=END_MS).records())
    write_parquet(whole, columns, lines)
    for title, rules in (("five rules", five_rules()), ("all that ship", rulefiles.load(Path("rules")))):
        begin = time.perf_counter()
        replay(rules, lines)
        own = count / (time.perf_counter() - begin)
        print(f"{title}: replay {own:,.0f} events/s", flush=True)
        for path, processes in ((lines, 1), (lines, cores), (whole, cores), (columns, 1), (columns, cores)):
            begin = time.perf_counter()
            backtest(rules, path, processes)
            rate = count / (time.perf_counter() - begin)
            share = rate / (processes * own)
            print(
                f"    {path.name}, {processes} processes: {rate:,.0f} events/s, {share:.2f} x processes x replay",
                flush=True,
            )


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    if len(sys.argv) > 2:
        main(number, Path(sys.argv[2]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(number, Path(temporary))
