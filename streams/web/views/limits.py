"""How much of a segment a version may move: as somebody writes it, and held against what the version would do.

Comes in: the text of a field; rules that are to be applied. Goes out: a share; a `UsageError` that names the segments.
"""

from streams.errors import UsageError
from streams.lifecycle.checking import Checked, check_files
from streams.lifecycle.differences import differences
from streams.lifecycle.estimate import SAMPLE
from streams.lifecycle.moves import too_far
from streams.lifecycle.planning import make_plan
from streams.web.views.window import Rules, Window


def share_of(text: str) -> float | None:
    """None where nothing is written.

    >>> share_of("5 %"), share_of("0.5"), share_of(" ")
    (0.05, 0.005, None)
    """
    number = text.strip().removesuffix("%").strip()
    if not number:
        return None
    if not number.replace(".", "", 1).isdecimal() or not number.isascii() or len(number) > len("100.000001"):
        raise UsageError(
            f"Nothing is applied: the most that it may move is a number of percent, such as 5, not {text!r}."
        )
    return float(number) / 100


async def check_moves(window: Window, in_force: Rules, checked: Checked, share: float) -> None:
    """UsageError: more than this share of a segment would enter or leave at once. A rule that awaits its past is
    compared once that is there, by the workers."""
    plan = await window.apart(lambda store: make_plan(store, window.settings, checked, SAMPLE))
    if plan.live is None:  # what runs is a folder, of which the plan knows nothing
        plan = plan._replace(differences=differences(check_files(in_force.files), checked))
    beyond = plan.beyond(share, plan.unknown if plan.awaits else ())
    if beyond:
        raise UsageError(
            f"Nothing is applied: it would move {too_far(beyond, share)}. If that is meant, allow more, or anything."
        )
