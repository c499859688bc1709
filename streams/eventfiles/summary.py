"""What files held beside what changed somebody: said at the end of a replay, so that nothing is missing in silence.

Comes in: a pass over files that is done. Goes out: sentences.
"""

from collections.abc import Iterator
from typing import Final

from streams.core.identities.linking import REFUSED
from streams.eventfiles.playback import Playback
from streams.log import counted
from streams.printable import printable
from streams.sources.stripe import PASSED_OVER

KINDS_TOLD: Final = 5


def beside_the_changes(playback: Playback) -> Iterator[str]:
    yield from (f"Note: {sentence}" for sentence in playback.decoder.warnings.take())
    kinds = [f"{count:,} {_kind(kind)}" for kind, count in playback.passed_over.most_common(KINDS_TOLD)]
    if kinds:
        others = playback.passed_over.total() - sum(count for _, count in playback.passed_over.most_common(KINDS_TOLD))
        kinds += [f"{others:,} others"] if others else []
        yield f"{counted(playback.passed_over.total(), 'line')} passed over: {', '.join(kinds)}."
    if waiting := len(playback.identities.aliases):
        yield f"{waiting:,} {'alias has' if waiting == 1 else 'aliases have'} records that wait until a user is linked."
    for reason, count in sorted(playback.identities.dropped.items()):
        if reason in REFUSED:
            yield f"{counted(count, 'link')} refused, whose records count all the same: {reason}."
        else:
            yield f"{counted(count, 'record')} under aliases dropped: {reason}."


def _kind(kind: str) -> str:
    setting = PASSED_OVER.get(kind)
    return printable(kind) if setting is None else f"of {kind} (setting {setting})"
