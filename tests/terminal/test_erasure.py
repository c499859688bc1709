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


def test_who_was_merged_away_is_erased_as_whom_they_are_now() -> None:
    told = in_words(Report("gone", (), 1_772_355_600_000, merged_into="stays"), Settings())
    assert told.startswith("gone was merged into stays: stays is erased, with all that was kept of both")


def test_what_waited_under_an_alias_is_told() -> None:
    told = in_words(Report("anon-1", (), 1_772_355_600_000, waiting=3), Settings())
    assert told.startswith("Nobody called anon-1 is known. Removed: 3 records that waited under this id.")
    assert "are refused from now on; later ones wait, until it is told whose they are." in told


def test_of_an_alias_it_is_said_whom_to_erase_instead() -> None:
    told = in_words(Report("anon-1", (), 1_772_355_600_000, alias_of="ann a"), Settings())
    assert told.startswith("anon-1 is no user, but an alias of ann a, and nobody was erased: segmenter erase 'ann a'")
    assert "are refused from now on; later ones are ann a's, as before." in told
