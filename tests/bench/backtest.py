"""A backtest beside a replay of the same: python -m tests.bench.backtest [EVENTS [FOLDER]]

Prints, for the five rules of the other benchmarks and for all that ship: events a second of one process that plays all
of a history (as `segmenter replay` does, changes thrown away), of a backtest by one process and by as many as there are
cores, from JSON Lines and from Parquet; and the ratio of each to processes x the first.
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from streams import rulefiles
from streams.backtest.processes import play
from streams.backtest.question import Question
from streams.backtest.report import report
from streams.core.engine.shard import Shard
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


def write_lines(path: Path, records: Iterable[Sent]) -> int:
    with path.open("wb") as file:
        return sum(1 for record in records if file.write(record.value + b"\n"))


def write_parquet(path: Path, lines: Path) -> None:
    """Whole records in a column."""
    with lines.open("rb") as file:
        values = [line.rstrip(b"\n") for line in file]
    parquet.write_table(pa.table({"value": values}), path, row_group_size=ROWS)


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
    lines, columns, cores = folder / "events.jsonl", folder / "events.parquet", os.cpu_count() or 1
    count = write_lines(lines, Crowd(events // 100, events, end_ms=END_MS).records())
    write_parquet(columns, lines)
    for title, rules in (("five rules", five_rules()), ("all that ship", rulefiles.load(Path("rules")))):
        begin = time.perf_counter()
        replay(rules, lines)
        own = count / (time.perf_counter() - begin)
        print(f"{title}: replay {own:,.0f} events/s", flush=True)
        for path, processes in ((lines, 1), (lines, cores), (columns, cores)):
            begin = time.perf_counter()
            backtest(rules, path, processes)
            rate = count / (time.perf_counter() - begin)
            share = rate / (processes * own)
            print(
                f"    {path.suffix}, {processes} processes: {rate:,.0f} events/s, {share:.2f} x processes x replay",
                flush=True,
            )


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    if len(sys.argv) > 2:
        main(number, Path(sys.argv[2]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(number, Path(temporary))
