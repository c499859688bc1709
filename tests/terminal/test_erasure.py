"""What is said of an erasure."""

from streams.admin.erasure import Report
from streams.settings import Settings
from streams.terminal.erasure import in_words


def test_an_id_cannot_forge_a_line() -> None:
    told = in_words(Report("x\nann is erased.", (), 1_772_355_600_000), Settings())
    assert told.splitlines()[0] == (
        "Nobody called x\\nann is erased. is known to the group segmenter, so nothing was removed."
    )
    assert "Events of x\\nann is erased. up to 2026-03-01T09:00:00.000Z are refused" in told
