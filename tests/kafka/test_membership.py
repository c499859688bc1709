"""Whether a member still has what its group gave it: what is asked is a heartbeat, answered as Kafka answers one."""

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    IllegalGenerationError,
    NoError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)

from streams.kafka.membership import is_current


class Coordinator:
    """Answers with an error, as Kafka's does."""

    group_id = "segmenter"

    def __init__(self, error: Any):
        self._error = error

    async def _send_req(self, _: object) -> Any:
        return SimpleNamespace(error_code=self._error.errno)


@pytest.mark.parametrize(
    ("error", "is_ours"),
    [
        (NoError, True),
        (RebalanceInProgressError, True),  # nobody else has them yet
        (IllegalGenerationError, False),
        (UnknownMemberIdError, False),
    ],
)
async def test_a_member_is_current_until_kafka_has_given_partitions_to_others(error: Any, is_ours: bool) -> None:
    assert await is_current(Coordinator(error), 7, "us") is is_ours


async def test_where_kafka_cannot_tell_nothing_is_taken_for_granted() -> None:
    with pytest.raises(GroupCoordinatorNotAvailableError):
        await is_current(Coordinator(GroupCoordinatorNotAvailableError), 7, "us")
