"""Compiled murmur2 against the one that Kafka's Python client has."""

from aiokafka.partitioner import murmur2 as reference
from hypothesis import given
from hypothesis import strategies as st

from streams.core.kernel.murmur2 import POSITIVE, murmur2, murmur2_of
from streams.core.profiles.index import encoded


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), min_size=1))
def test_each_id_of_many_hashes_as_the_client_hashes_it(ids: list[str]) -> None:
    assert murmur2(*encoded(ids)).tolist() == [reference(each.encode()) & POSITIVE for each in ids]


@given(st.binary(max_size=30))
def test_one_hashes_as_the_client_hashes_it(key: bytes) -> None:
    assert murmur2_of(key) == reference(key) & POSITIVE
