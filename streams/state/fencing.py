"""Who may write a shard, and which checkpoint comes next: the rules that every store keeps.

Comes in: what a shard bears (`Held`) and what a worker asks for. Goes out: leave, or the error that says why not.
A store must check and write in one step; it asks here which error to raise.
"""

from typing import NamedTuple

from streams.errors import Fenced, StateError, StateLost, StateTooNew
from streams.state.format import FORMAT


class Held(NamedTuple):
    """What a shard bears.

    format: None if nothing at all is known of the shard.
    epoch: the consumer group's generation that owns it; None if it was released.
    number: of its last checkpoint; None if it was claimed and nothing saved yet.
    """

    format: int | None = None
    epoch: int | None = None
    number: int | None = None


def may_claim(shard: int, held: Held, epoch: int, release: str) -> None:
    """A later generation takes over from an earlier one. `release` says how to lift the claim by hand."""
    if held.format is not None and held.format > FORMAT:
        raise StateTooNew(
            f"the state of shard {shard} has format {held.format}, and this version of segmenter reads formats up to "
            f"{FORMAT}: run the newer version that wrote it, or use another SEGMENTER_GROUP"
        )
    if held.epoch is not None and held.epoch > epoch:
        raise Fenced(
            f"shard {shard} is owned by generation {held.epoch} of the consumer group; this worker is of generation "
            f"{epoch}. It may have lost the shard, and will be given others. Or the consumer group was deleted, so "
            f"that its generations began at 1 again: then stop all workers and release the shard with: {release}"
        )


def owns(shard: int, held: Held, epoch: int) -> None:
    if held.format is None:
        raise StateLost(f"the state of shard {shard} is gone, although this worker had claimed the shard")
    if held.epoch != epoch:
        owner = "nobody" if held.epoch is None else f"generation {held.epoch}"
        raise Fenced(f"shard {shard} is owned by {owner} now; this worker is of generation {epoch} and must let it go")


def may_save(shard: int, held: Held, epoch: int, number: int, seen: int | None) -> bool:
    """Whether checkpoint `number` is to be written; False if it is there already: its answer was lost.

    seen: the newest checkpoint of the shard that the owner knows of, None if there was none. Without it, a store that
    lost them all would begin anew with one that holds only what changed since.
    """
    owns(shard, held, epoch)
    if held.number == number:
        return False
    expected = before(number, seen)
    if held.number == expected:
        return True
    if expected is not None and (held.number is None or held.number < expected):
        kept = "nothing" if held.number is None else f"checkpoint {held.number}"
        raise StateLost(f"Redis lost checkpoints of shard {shard} up to {expected}: it has {kept}")
    raise StateError(f"shard {shard} has checkpoint {held.number} already; {number} cannot come next")


def before(number: int, seen: int | None) -> int | None:
    """What checkpoint `number` must find: the newest one that was seen. Numbers grow, not always by one."""
    return None if seen is None else min(seen, number - 1)
