"""What was removed of a user, in words: what `segmenter erase` prints."""

from collections.abc import Iterator

from streams.admin.erasure import Report
from streams.core.instants import format_time
from streams.core.profiles.document import Document
from streams.log import counted
from streams.printable import command_line, printable
from streams.settings import Settings
from streams.terminal.columns import in_columns
from streams.topics import TOPICS


def in_words(report: Report, settings: Settings) -> str:
    return "\n".join(_lines(report, settings))


def _lines(report: Report, settings: Settings) -> Iterator[str]:
    user, until = printable(report.user), format_time(report.until_ms)
    if report.profiles:
        yield f"{user} is erased. Removed:"
        yield from (f"    {line}" for line in in_columns(list(_removed(report))))
    elif report.merged_into is not None:
        into = printable(report.merged_into)
        yield f"{user} was merged into {into}: {into} is erased, with all that was kept of both, as soon as it is told."
    elif report.alias_of is not None:
        whose = printable(report.alias_of)
        instead = f"{command_line('erase', report.alias_of)} takes it along"
        yield f"{user} is no user, but an alias of {whose}, and nobody was erased: {instead}."
    elif report.waiting:
        waited = counted(report.waiting, "record")
        yield f"Nobody called {user} is known. Removed: {waited} that waited under this id."
    else:
        yield f"Nobody called {user} is known to the group {settings.group}, so nothing was removed."
    if report.backtests:
        yield f"{counted(report.backtests, 'backtest')} named {user}, and no longer does so."
    earlier = [kept.until_ms for kept in report.before if kept.until_ms is not None]
    if earlier:
        yield f"An earlier command had erased all up to {format_time(max(earlier))}."
    yield f"Events of {user} up to {until} are refused from now on; {_later(report)}."
    topics = (settings.topic(topic.name) for topic in TOPICS if topic.cleanup != "compact")
    yield f"Not removed: records in {', '.join(topics)}, which end with the retention of these topics or by your hand."


def _later(report: Report) -> str:
    """What becomes of what comes later under that id."""
    if report.alias_of is not None:
        return f"later ones are {printable(report.alias_of)}'s, as before"
    return "later ones wait, until it is told whose they are" if report.waiting else "later ones begin a new profile"


def _removed(report: Report) -> Iterator[tuple[str, str]]:
    documents = [Document.decode(profile.document) for profile in report.profiles]
    traits = sum(value is not None for document in documents for value, _ in document.traits.values())
    subscriptions = sum(len(document.ledger.own) for document in documents if document.ledger is not None)
    yield "profile", counted(sum(len(profile.row) for profile in report.profiles), "byte") + " of counts and times"
    yield "traits", str(traits)
    yield "subscriptions", str(subscriptions)
    yield "segments", ", ".join(report.segments) or "none"
