"""A backtest says what a replay says, on one process or on several."""

import json
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import to_builtins

from streams.backtest.histories import pieces
from streams.backtest.processes import play, surveyor
from streams.backtest.question import Question, outcome_rules
from streams.backtest.records import SUFFIX, Framed, write
from streams.backtest.report import Report, Under, report
from streams.backtest.whose import Shares
from streams.backtest.worker import Part, Work
from streams.core.changes import Change
from streams.core.engine.shard import Shard
from streams.core.instants import DAY_MS, format_time
from streams.core.rules.rulebook import Rulebook
from streams.eventfiles.lines import LineFile
from streams.eventfiles.playback import Playback
from streams.settings import Settings
from streams.sources import Decoder, InputOptions
from streams.testing import instant
from tests.rulebooks import rulebook

NEW = rulebook(often='count("Opened", days=3) >= 2', paying="paying", quiet="idle_days >= 2")
OLD = rulebook(gone='count("Opened") >= 1', often='count("Opened", days=2) >= 2', quiet="idle_days >= 3")
START = instant("2026-03-01")
SETTINGS = Settings(merge_users=True)
ROOT = Path(__file__).parents[2]
WITHIN_S = 300
Line = dict[str, object]
Lines = Sequence[Line]

ids = st.sampled_from(["ann", "bob", "cid", "dan", "eve"])
devices = st.sampled_from([None, None, "d1", "d2", "d3"])
moments = st.integers(0, 10 * 24).map(lambda hours: format_time(START + hours * 3_600_000))


@st.composite
def lines(draw: st.DrawFn) -> Line:
    kind = draw(st.sampled_from(["track", "track", "track", "anonymous", "alias", "billing", "merge", "broken"]))
    user, device, at = draw(ids), draw(devices), draw(moments)
    of_user = {"userId": user, "timestamp": at, "messageId": draw(st.uuids()).hex}
    match kind:
        case "track":
            return {
                "type": "track",
                "event": draw(st.sampled_from(["Opened", "Closed"])),
                "anonymousId": device,
                **of_user,
            }
        case "anonymous":
            return {**of_user, "type": "track", "event": "Opened", "userId": None, "anonymousId": device or "d4"}
        case "alias":
            return {"type": "alias", "previousId": draw(ids) if device is None else device, **of_user}
        case "billing":
            return {"type": "billing", "event": "Subscription Started", "properties": {"mrr": 9}, **of_user}
        case "merge":
            return {"type": "merge", "into": draw(ids), **of_user}
        case _:
            return {"type": "track", **of_user}


histories = st.lists(lines(), max_size=40)


def written(folder: Path, *files: Lines) -> tuple[str, ...]:
    """Each in order of time, as the records of a topic most often are."""
    for number, each in enumerate(files):
        ordered = sorted(each, key=lambda line: str(line["timestamp"]))
        (folder / f"{number}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in ordered))
    return tuple(str(folder / f"{number}.jsonl") for number in range(len(files)))


def played(question: Question, processes: int) -> list[Part]:
    """As by so many processes, each a thread here."""
    shares = shared_out(question, processes) if processes > 1 else None
    barrier, met = threading.Barrier(processes), list[tuple[int, int]]()

    def meet(first_ms: int, newest_ms: int) -> tuple[int, int]:
        met.append((first_ms, newest_ms))
        barrier.wait(300)
        return min(first for first, _ in met), max(newest for _, newest in met)

    def work(number: int) -> Part:
        return Work(question, number, shares).run(lambda _: None, meet)

    with ThreadPoolExecutor(processes) as pool:
        return list(pool.map(work, range(processes)))


def shared_out(question: Question, processes: int) -> Shares:
    every = [piece for name in dict.fromkeys(question.files) for piece in pieces(name)]
    return Shares(processes, {piece: surveyor(question).look_through(piece) for piece in every})


def replayed(question: Question, rules: Rulebook) -> tuple[list[Change], int]:
    shard = Shard(rules)
    decoder = Decoder(shard.catalog.reads, InputOptions.of(question.settings))
    files = [LineFile(Path(name)) for name in question.files]
    playback = Playback(shard, decoder, files, lambda _: None, question.until_ms, merge_users=True)
    changes = list(playback.changes())
    for file in files:
        file.close()
    return changes, playback.rejected


@settings(max_examples=25)
@given(histories, histories, st.booleans(), st.sampled_from([2, 3]))
def test_all_is_as_a_replay_has_it(
    tmp_path_factory: pytest.TempPathFactory, one: Lines, other: Lines, has_until: bool, processes: int
) -> None:
    files = written(tmp_path_factory.mktemp("history"), one, other)
    until = START + 15 * DAY_MS if has_until else None
    question = Question(SETTINGS, files, NEW, OLD, until, outcome_rules("Closed"), "Closed", 2 * DAY_MS)
    found = report(question, played(question, 1))
    assert to_builtins(comparable(report(question, played(question, processes)))) == to_builtins(comparable(found))
    inside: dict[str, list[set[str]]] = {segment.segment: [] for segment in found.segments}
    for rules, under in ((NEW, "new"), (OLD, "old")):
        changes, rejected = replayed(question, rules)
        assert found.coverage.rejected == rejected
        for segment in found.segments:
            own = [change for change in changes if change.segment == segment.segment]
            side: Under | None = getattr(segment, under)
            assert (side is None) == (segment.segment not in rules.segments)
            inside[segment.segment].append(still_in(own))
            if side is not None:
                assert_same(side, own)
    for segment in found.segments:
        now, then = inside[segment.segment]
        assert segment.now is not None
        assert (segment.now.would_enter, segment.now.would_leave) == (len(now - then), len(then - now))
        assert [example.user_id for example in segment.now.entering] == sorted(now - then)[:5]


def assert_same(side: Under, changes: Sequence[Change]) -> None:
    entered = [change for change in changes if change.entered]
    left = [change for change in changes if not change.entered]
    assert (side.entries, side.exits, side.members) == (len(entered), len(left), len(still_in(changes)))
    assert {day.day: day.entries for day in side.by_day if day.entries} == Counter(map(day_of, entered))
    assert {day.day: day.exits for day in side.by_day if day.exits} == Counter(map(day_of, left))
    assert side.users == len({change.subject for change in entered})
    if side.by_day:
        assert side.by_day[-1].size == side.members


def still_in(changes: Sequence[Change]) -> set[str]:
    inside: set[str] = set()
    for change in changes:
        (inside.add if change.entered else inside.discard)(change.subject)
    return inside


def day_of(change: Change) -> str:
    return format_time(change.occurred_at)[:10]


def comparable(found: Report) -> Report:
    """But for what is said of the processes."""
    found.coverage.processes = 0
    found.coverage.rejects = []
    found.unknown = []
    for segment in found.segments:
        for side in (segment.new, segment.old):
            if side is not None and side.outcome is not None:
                side.outcome.median_lead_days = side.outcome.median_lead_days and round(
                    side.outcome.median_lead_days, 9
                )
    return found


@contextmanager
def a_thread_beside() -> Iterator[None]:
    ends = threading.Event()
    thread = threading.Thread(target=ends.wait)
    thread.start()
    yield
    ends.set()
    thread.join()


def story(events: int) -> list[Line]:
    return [
        {"type": "track", "event": "Opened", "userId": f"u-{n % 7}", "timestamp": format_time(START + n * 3_600_000)}
        for n in range(events)
    ]


def test_a_record_of_a_topic_that_cannot_be_used_is_told_by_its_offset(tmp_path: Path) -> None:
    path = tmp_path / f"product-events, partition 3{SUFFIX}"
    with path.open("wb") as file:
        write(file, Framed(0, START, b"ann", b'{"type":"track"', offset=6_308))
    [part] = played(Question(SETTINGS, (str(path),), NEW), 1)
    assert part.rejects == ["product-events, partition 3, offset 6308: Input data was truncated"]


@pytest.mark.parametrize("beside", [nullcontext, a_thread_beside], ids=["forked", "spawned"])
def test_processes_find_together_what_one_finds(
    tmp_path: Path, beside: Callable[[], AbstractContextManager[None]]
) -> None:
    question = Question(Settings(), written(tmp_path, story(100)), NEW, OLD)
    read: list[tuple[int, int]] = []
    with beside():
        found = report(question, play(question, 2, lambda done, of: read.append((done, of))))
    assert found.coverage.processes == 2
    assert comparable(found) == comparable(report(question, play(question, 1, lambda *_: None)))
    size = Path(question.files[0]).stat().st_size
    assert read[-1] == (size, size)


def test_processes_end_with_the_one_that_asked_and_was_killed(tmp_path: Path) -> None:
    (name,) = written(tmp_path, story(100))
    asks = (
        "import os, signal, sys\n"
        "from streams.backtest.processes import play\n"
        "from streams.backtest.question import Question\n"
        "from streams.settings import Settings\n"
        "from tests.rulebooks import rulebook\n"
        "question = Question(Settings(), (sys.argv[1],), rulebook(quiet='idle_days >= 2'))\n"
        "play(question, 2, lambda *_: os.kill(os.getpid(), signal.SIGKILL))\n"
    )
    # It returns when nobody is left who could write to the pipe.
    ended = subprocess.run(
        [sys.executable, "-c", asks, name], check=False, stdout=subprocess.PIPE, cwd=ROOT, timeout=WITHIN_S
    )
    assert ended.returncode == -signal.SIGKILL
