"""What a backtest found, in words: what `segmenter backtest` prints.

Comes in: a `Report`. Goes out: lines of text.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from streams.backtest.report import Example, Foretold, Report, SegmentReport, Under
from streams.backtest.sides import Holding
from streams.log import counted
from streams.outputs.wording import value_in_words
from streams.printable import printable
from streams.terminal.columns import in_columns, in_lines

BARS: Final = " ▁▂▃▄▅▆▇█"
BAR_COLUMNS: Final = 30
Row = Sequence[str]


def in_words(report: Report) -> str:
    return "\n".join(_lines(report))


def _lines(report: Report) -> Iterator[str]:
    coverage = report.coverage
    events, users = counted(coverage.events, "event"), counted(coverage.users, "user")
    span = "" if coverage.from_ is None else f", {coverage.from_[:10]} to {(coverage.until or '')[:10]}"
    yield f"{events} of {users}{span}"
    if coverage.rejected:
        yield f"{counted(coverage.rejected, 'line')} rejected, such as"
        yield from (f"    {printable(each)}" for each in coverage.rejects)
    yield ""
    yield from in_columns(list(_table(report)))
    if never := [each.segment for each in report.segments if not each.was_entered]:
        yield from in_lines(f"Never entered: {', '.join(never)}.")
    for segment in report.segments:
        yield from _differences(segment)
    if report.outcome is not None:
        yield from ("", *_outcome(report))
    yield from ("", "What this does not know:")
    for each in report.unknown:
        yield from in_lines(f"- {each}", indent="  ")


def _table(report: Report) -> Iterator[Row]:
    compares = any(segment.now is not None for segment in report.segments)
    head = ["segment", "members", "entered", "left", "stay", "back in a day", "members by day"]
    yield [*head[:2], *(["would enter", "would leave"] if compares else []), *head[2:]]
    for segment in (each for each in report.segments if each.was_entered):
        moves = [] if segment.now is None else [f"+{segment.now.would_enter:,}", f"-{segment.now.would_leave:,}"]
        yield [segment.segment, _members(segment), *moves, *_counts(segment.under)]


def _members(segment: SegmentReport) -> str:
    """Under the new rulebook, with what it is under the old one."""
    if segment.new is None:
        return "gone"
    if segment.now is None or segment.old is None:
        return f"{segment.new.members:,}" + (" (new)" if segment.now is not None else "")
    return f"{segment.new.members:,} (was {segment.old.members:,})"


def _counts(under: Under) -> Row:
    back = "-" if under.returns.share is None else f"{under.returns.share:.0%}"
    sizes = [day.size for day in under.by_day]
    return f"{under.entries:,}", f"{under.exits:,}", stay(under), back, bars(sizes)


def stay(under: Under) -> str:
    """After how long half have left."""
    if under.stay_days.median is not None:
        return f"{under.stay_days.median:.1f} d"
    return "lasts" if under.entries else "-"


def bars(sizes: Sequence[int]) -> str:
    """A bar a day, or of the days at regular distances.

    >>> bars([0, 1, 2, 4, 8])
    ' ▁▂▄█'
    """
    if len(sizes) > BAR_COLUMNS:
        sizes = [sizes[(place + 1) * len(sizes) // BAR_COLUMNS - 1] for place in range(BAR_COLUMNS)]
    most = max(sizes, default=0)
    return "".join(BARS[-(-size * (len(BARS) - 1) // most)] if size > 0 else BARS[0] for size in sizes)


def _differences(segment: SegmentReport) -> Iterator[str]:
    if segment.now is None or segment.new is None or segment.old is None:
        return
    now, name = segment.now, segment.segment
    yield from _moves(f"would enter {name}", now.would_enter, now.entering)
    yield from _moves(f"would leave {name}", now.would_leave, now.leaving)


def _moves(what: str, number: int, examples: Sequence[Example]) -> Iterator[str]:
    if not number:
        return
    yield from ("", f"{counted(number, 'user')} {what}, such as")
    for example in examples:
        now, old = in_reasons(example.because), in_reasons(example.because_old)
        told = now if now == old else f"{now}; by the old rules {old}"
        yield from (f"    {line}" for line in in_lines(f"{printable(example.user_id)}: {told}"))


def in_reasons(because: Sequence[Holding]) -> str:
    """Each condition with its value, and whether it holds."""
    if not because:
        return "nobody any more"
    return ", ".join(f"{each.condition} {'holds' if each.holds else 'does not'} ({_value(each)})" for each in because)


def _value(each: Holding) -> str:
    return printable(value_in_words(each.value))


def _outcome(report: Report) -> Iterator[str]:
    outcome = report.outcome
    assert outcome is not None
    rate = "the history is too short to tell how often it follows"
    if outcome.base_rate is not None:
        rate = f"from {outcome.base_rate:.1%} of all users' time it follows within {outcome.within_days:g} d"
    yield f"{printable(outcome.event)}: {rate}"
    rows: list[Row] = [("entering", "precision", "lift", "recall", "lead", "of entries", "of events", "incomplete")]
    for segment in report.segments:
        told = segment.new and segment.new.outcome
        if told and told.entries + told.incomplete_entries:
            rows.append((segment.segment, *_foretold(told)))
    yield from in_columns(rows)


def _foretold(told: Foretold) -> Row:
    lift = "-" if told.lift is None else f"{told.lift:.1f} x"
    lead = "-" if told.median_lead_days is None else f"{told.median_lead_days:.1f} d"
    counts = f"{told.hits:,}/{told.entries:,}", f"{told.forewarned:,}/{told.events:,}"
    return percent(told.precision), lift, percent(told.recall), lead, *counts, f"{told.incomplete_entries:,}"


def percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"
