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
    epoch: of the claim that owns it; None if nobody claimed it.
    number: of its last checkpoint; None if it was claimed and nothing saved yet.
    """

    format: int | None = None
    epoch: int | None = None
    number: int | None = None


def may_claim(shard: int, held: Held, after: int | None) -> None:
    if held.format is not None and held.format > FORMAT:
        raise StateTooNew(
            f"the state of shard {shard} has format {held.format}, and this version of segmenter reads formats up to "
            f"{FORMAT}: run the newer version that wrote it, or use another SEGMENTER_GROUP"
        )
    if held.epoch != after:
        raise Fenced(f"shard {shard} was claimed by another worker just now")


def owns(shard: int, held: Held, epoch: int) -> None:
    if held.format is None:
        raise StateLost(f"the state of shard {shard} is gone, although this worker had claimed the shard")
    if held.epoch is None or held.epoch < epoch:
        raise StateLost(f"Redis lost that this worker claimed shard {shard}")
    if held.epoch > epoch:
        raise Fenced(f"shard {shard} was claimed by another worker after this one")


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
