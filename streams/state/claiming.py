"""How a shard is claimed, so that it ends with the worker to whom Kafka gave it last.

Comes in: a shard, and whether Kafka says that it is still ours. Goes out: the epoch by which we own it, and its state.

Each claim has an epoch of its own, and only the last one writes (`streams.state.fencing`). Generations of the consumer
group would not do: they begin at 1 again once the group was deleted, or was empty for long. But Kafka alone knows who
may claim. So whoever does looks who the owner is, then asks Kafka, and claims if the owner is still the same.

So a zombie cannot take a shard from its rightful owner. Kafka said yes to it before the shard was given to another, so
that what it had found there is gone once that one has claimed. Where the zombie is quicker, the rightful owner begins
again, and to the zombie Kafka says no from then on. So the claims come to an end, and the last is the rightful owner's.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NamedTuple

from streams.errors import Fenced, StateLost
from streams.state.store import ShardStore, Stored


class Claim(NamedTuple):
    """stored: None if nothing is."""

    epoch: int
    stored: Stored | None


async def claim(
    store: ShardStore, shard: int, is_ours: Callable[[], Awaitable[bool]], clock: Callable[[], int]
) -> Claim:
    """Own the shard. clock: gives the time, ms. Fenced: it is not ours any more. Unreachable: begin again."""
    while True:
        found = await store.owner(shard)
        if not await is_ours():
            raise Fenced(f"the consumer group has given shard {shard} to another worker")
        # Greater than the owner's, and by the clock other than all that Redis may have forgotten.
        epoch = max(clock(), (found or 0) + 1)
        with suppress(Fenced, StateLost):  # another was quicker, or Redis lost our claim
            return Claim(epoch, await store.claim(shard, epoch, after=found))


async def claim_back(
    store: ShardStore,
    shard: int,
    ours: int,
    number: int,
    is_ours: Callable[[], Awaitable[bool]],
    clock: Callable[[], int],
) -> int | None:
    """Own the shard again, if the last claim is `ours` and the last checkpoint is `number`: then Redis has what we had.

    Gives the new epoch; None where something differs: then `claim` it, and go on from what Redis has. Of one claim no
    two checkpoints bear the same number, and only the last claim writes: so where both are what they were, all is. The
    new epoch fences whatever is still on its way by the old one. Fenced, Unreachable: as of `claim`.
    """
    if await store.owner(shard) != ours:
        return None
    if not await is_ours():
        raise Fenced(f"the consumer group has given shard {shard} to another worker")
    epoch = max(clock(), ours + 1)
    with suppress(Fenced, StateLost):  # another was quicker
        if await store.claim_back(shard, epoch, ours, number):
            return epoch
    return None
