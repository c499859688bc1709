"""Whether a member of a consumer group still has what the group gave it: Kafka knows.

Comes in: aiokafka's coordinator, and the membership by which something was given. Goes out: yes or no.
"""

from typing import Any

from aiokafka.errors import IllegalGenerationError, NoError, RebalanceInProgressError, UnknownMemberIdError, for_code
from aiokafka.protocol.group import HeartbeatRequest


async def is_current(coordinator: Any, generation: int, member: str) -> bool:
    """Whether the group has given no partitions to others since it gave some to this member. KafkaError: not known."""
    answer = await coordinator._send_req(HeartbeatRequest(coordinator.group_id, generation, member))
    error = for_code(answer.error_code)
    if error in (IllegalGenerationError, UnknownMemberIdError):
        return False
    # While the group is being balanced anew, the partitions are nobody else's yet.
    if error not in (NoError, RebalanceInProgressError):
        raise error
    return True
