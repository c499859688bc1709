"""What is known of aliases, in words: what `segmenter links` prints.

Comes in: what was found. Goes out: lines of text.
"""

from collections.abc import Iterator, Sequence

from streams.admin.links import AliasOf, Known
from streams.core.identities.aliases import Standing
from streams.core.identities.refusals import Refusal
from streams.log import counted
from streams.printable import printable
from streams.terminal.columns import in_columns
from streams.terminal.dates import in_full


def in_words(alias: str, known: Known) -> str:
    return "\n".join(_lines(printable(alias), known.standing, known))


def _lines(alias: str, standing: Standing, known: Known) -> Iterator[str]:
    if standing.now is not None:
        yield f"{alias} is {printable(standing.now)}'s, by {standing.how} of {in_full(standing.since_ms)}."
        if standing.is_shared:
            yield "Another user was linked to it later: it is a shared device, and records without a name are nobody's."
        yield f"Passed on: {counted(standing.passed_on, 'record')}."
    elif known.waiting:
        yield f"{alias} is linked to nobody yet."
    else:
        yield f"Nothing is known of {alias}: no record came under it, or it was erased, or it is a user."
    if known.waiting:
        times = [each.event.ts for each in known.waiting]
        span = f"of {in_full(min(times))} to {in_full(max(times))}"
        what = "kept, should it be linked anew" if standing.now else "waiting to be linked"
        yield f"{counted(len(times), 'record')} {what}, {span}."
    for reason, count in sorted(standing.dropped.items()):
        yield f"Dropped: {counted(count, 'record')} ({reason})."


def refusals_in_words(refusals: Sequence[Refusal]) -> str:
    if not refusals:
        return "No link was refused."
    rows = [(in_full(one.ts), printable(one.alias), printable(one.user), one.why) for one in refusals]
    return "\n".join(in_columns([("when", "alias", "user", "why not"), *rows]))


def aliases_in_words(aliases: Sequence[AliasOf]) -> str:
    """
    >>> aliases_in_words([AliasOf("a-1", "anonymousId", True, True), AliasOf("cus_9", "customer", False, False)])
    'a-1 (anonymousId, a shared device), cus_9 (customer, not hers)'
    """
    return ", ".join(f"{printable(one.alias)} ({', '.join(_said(one))})" for one in aliases)


def _said(one: AliasOf) -> Iterator[str]:
    yield one.how
    if not one.is_hers:
        yield "not hers"
    elif one.is_shared:
        yield "a shared device"
