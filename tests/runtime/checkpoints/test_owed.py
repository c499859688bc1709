"""What is owed until a lost state is made anew outlives whoever makes it."""

from hypothesis import given
from hypothesis import strategies as st

from streams.runtime.checkpoints.owed import Owed, Stood

USERS, RULES = st.sampled_from(["ann", "\0", "b\0b"]), st.sampled_from(["r", "t"])
STANDS = st.builds(Stood, st.dictionaries(RULES, st.tuples(st.integers(0, 9), st.integers(1, 9))), st.none() | RULES)
STEPS = st.one_of(
    st.tuples(st.just("remember"), USERS, STANDS),
    st.tuples(st.just("checkpoint")),
    st.tuples(st.just("clear")),
)


@given(st.lists(STEPS))
def test_whoever_goes_on_from_a_checkpoint_owes_what_was_owed_at_it(steps: list[tuple[object, ...]]) -> None:
    owed, kept = Owed(), dict[str, bytes]()
    for name, *given_ in [*steps, ("checkpoint",)]:
        if name == "checkpoint":
            write = owed.take()
            for each in write.drop:
                kept.pop(str(each), None)
            kept |= dict(write.put)
            next_one = Owed(kept)
            assert next_one.stood == owed.stood
        else:
            getattr(owed, str(name))(*given_)


def test_what_was_told_before_the_first_of_several_commands_counts_and_nothing_is_kept_of_what_was_told() -> None:
    owed = Owed()
    owed.remember("ann", Stood({"r": (1, 1)}, "first"))
    owed.remember("ann", Stood({}, "second"))
    owed.remember("bob", Stood({}, None))
    assert owed.stood["ann"] == Stood({"r": (1, 1)}, "first")
    assert len(owed.take().put) == 2
    owed.clear()
    write = owed.take()
    assert (write.put, len(write.drop)) == ([], 2)
