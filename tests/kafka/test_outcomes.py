"""What becomes of each error of aiokafka."""

import inspect

import pytest
from aiokafka import errors
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
    UnknownError,
)

from streams.errors import Fenced, Unreachable, UsageError
from streams.kafka.outcomes import ENDS, PASSES, TRIES, UNSURE, ending, may_pass

ALL = {each for _, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, KafkaError)}


def test_every_error_has_its_place_in_the_table() -> None:
    assert not PASSES & ENDS.keys()
    assert not UNSURE & (PASSES | ENDS.keys())
    assert PASSES | ENDS.keys() | UNSURE == ALL


@pytest.mark.parametrize(
    ("error", "tries", "passes"),
    [
        (KafkaConnectionError(), 10_000, True),
        (Unreachable("Redis is away"), 10_000, True),
        (TopicAuthorizationFailedError("product-events"), 1, False),
        (UnknownError(), TRIES - 1, True),
        (UnknownError(), TRIES, False),
        (Fenced("owned by another"), 1, False),
        (ValueError(), 1, False),
    ],
)
def test_waiting_cures_some_for_ever_some_for_a_while_and_some_not(error: Exception, tries: int, passes: bool) -> None:
    assert may_pass(error, tries) == passes


def test_what_ends_us_says_what_to_do() -> None:
    said = ending(MessageSizeTooLargeError(), "shard 3, publishing to segment-changes")
    assert isinstance(said, UsageError)
    assert str(said).startswith(
        "shard 3, publishing to segment-changes: the broker takes no record that is so long: let max.message"
    )
    assert str(ending(UnknownError(), "shard 3")) == "shard 3: [Error -1] UnknownError"
