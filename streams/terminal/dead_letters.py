"""Records that could not be used, in words.

Comes in: dead letters, and which of them were sent again. Goes out: lines for a terminal.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from streams.admin.advice import ADVICE, USUAL_ADVICE
from streams.admin.mending import Buried, Choice, Mended, Sending
from streams.kafka.places import Place
from streams.printable import printable
from streams.terminal.columns import in_columns, in_lines

NONE = "Of the newest dead letters there is none of that kind."


def in_words(newest: Sequence[Buried], sent: Mapping[str, Sending]) -> str:
    return "".join(f"{line}\n" for line in _lines(newest, sent))


def _lines(newest: Sequence[Buried], sent: Mapping[str, Sending]) -> Iterator[str]:
    if not newest:
        yield "Every record that came lately could be used."
        return
    counts = Counter(each.letter.why.code for each in newest)
    gone = Counter(each.letter.why.code for each in newest if str(each.place) in sent)
    last = {each.letter.why.code: each for each in newest}
    rows = [("reason", "records", "sent again", "the newest stands at")]
    rows += [
        (code, str(count), str(gone[code] or ""), printable(str(last[code].place)))
        for code, count in counts.most_common()
    ]
    yield from in_columns(rows)
    for code in counts:
        yield ""
        yield f"{code}: {printable(last[code].letter.why.reason)}"
        yield from in_lines(f"  {ADVICE.get(code, USUAL_ADVICE)}")


def chosen_in_words(choice: Choice) -> str:
    """What would be done."""
    said = []
    if choice.now:
        topics = ", ".join(sorted({each.place.topic for each in choice.now}))
        said.append(f"{_records(len(choice.now))} would be published to {topics} once more.")
    if choice.before:
        said.append(f"{_records(len(choice.before))} went before, or perhaps did: --even-again sends them once more.")
    return " ".join([*said, *_never(choice.never)]) or NONE


def sent_in_words(found: Mended) -> str:
    verb = "was" if found.sent == 1 else "were"
    return " ".join([f"{_records(found.sent)} {verb} sent again.", *_never(found.never)])


def _never(never: Mapping[Place, str]) -> Iterator[str]:
    for why, count in Counter(never.values()).items():
        yield f"{_records(count)} cannot be sent: {why}."


def _records(count: int) -> str:
    return f"{count:,} record{'' if count == 1 else 's'}"
