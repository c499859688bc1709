"""What is kept of a change in a user's timeline."""

from streams.core.changes import Reason
from streams.outputs.timeline import SHORT, TimelineEntry, decode_entry, encode_entry
from tests.state.changes import changed, exited


def test_an_entry_says_what_the_change_said_but_for_what_it_carried() -> None:
    change = changed("ann", "life/new", "life/power", 1_795_000_000_123, merged_into="bob", traits={"email": "a@b.c"})
    raw = encode_entry(change)
    entry = decode_entry(raw)
    assert isinstance(entry, TimelineEntry)
    for field in set(TimelineEntry.__struct_fields__) - {"because"}:
        assert getattr(entry, field) == getattr(change, field)
    assert [(each.condition, each.value, each.was, each.now) for each in entry.because] == [
        ("mrr >= 100", 120.5, False, True)
    ]
    assert b"a@b.c" not in raw


def test_a_long_value_is_cut() -> None:
    because = (Reason('notes == "x"', "y" * 5_000, was=False, now=True), Reason("tags", [1], was=True, now=True))
    entry = decode_entry(encode_entry(exited("ann", "vip", 0, because=because)))
    assert [each.value for each in entry.because] == ["y" * SHORT, [1]]
