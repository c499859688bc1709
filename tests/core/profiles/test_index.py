"""The index from users to rows, held against a dict."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streams.core.profiles.index import Index

TWINS = ["user-34151", "user-436"]  # whose hash is the same
IDS = st.sampled_from([*TWINS, *(f"u{i}" for i in range(40)), "ünï", "日本", "😀", "a\nb", "a\0", "a", "a" * 255])
WORK = st.lists(st.lists(IDS | st.text(), max_size=30) | IDS)


@given(WORK)
def test_it_finds_what_a_dict_finds_whoever_comes_and_goes(work: list[list[str] | str]) -> None:
    """A list is looked up, and whoever is new in it gets a row; a single id is removed."""
    index, rows = Index(), dict[str, int]()
    for each in work:
        if isinstance(each, str):
            assert index.find(each) == rows.get(each)
            assert index.remove(each) == rows.pop(each, None)
        else:
            found, known = index.rows(each).tolist(), dict(rows)
            rows |= dict(zip(each, found, strict=True))
            assert known.items() <= rows.items()
            assert [rows[user] for user in each] == found
        assert sorted(rows.values()) == index.taken().tolist()
        assert index.rows(list(rows)).tolist() == list(rows.values())
        assert index.subjects_of(np.array(list(rows.values()), np.int64)) == list(rows)


def test_two_users_of_one_hash_are_two() -> None:
    index = Index()
    assert index.rows(TWINS).tolist() == [0, 1]
    assert len(set(index._look_up(TWINS).tags.tolist())) == 1, "not twins any more: look for two other ids"
    assert index.remove(TWINS[0]) == 0
    assert index.find(TWINS[1]) == 1


def test_a_removed_users_row_goes_to_the_next_new_one() -> None:
    index = Index()
    index.rows(["ann", "bob", "eve"])
    index.remove("bob")
    assert index.rows(["dan", "ann", "fay", "dan"]).tolist() == [1, 0, 3, 1]
    assert len(index) == 4


def test_nothing_is_left_of_a_removed_id() -> None:
    index = Index()
    index.rows(["ann@example.com", "bob@example.com"])
    index.remove("ann@example.com")
    assert b"ann" not in index._arena.tobytes()
    assert index.subjects_of(index.taken()) == ["bob@example.com"]
