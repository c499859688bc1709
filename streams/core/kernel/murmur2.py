"""murmur2, by which Kafka's Java client finds the partition of a key; of one, or of many at once, in compiled code.

Comes in: ids in UTF-8; many are one after another, with where each ends. Goes out: of each the 31 bits that the
partition is taken from (`org.apache.kafka.common.utils.Utils.murmur2` and `toPositive`).
"""

import numpy as np
import numpy.typing as npt

from streams.core.arrays import Ints
from streams.core.kernel.jit import entry, inlined

SEED, MULTIPLIER = 0x9747B28C, 0x5BD1E995
WORD, POSITIVE = 0xFFFF_FFFF, 0x7FFF_FFFF


@inlined
def _mixed(number):
    return (number * MULTIPLIER) & WORD


@inlined
def _four(raw, at):
    return int(raw[at]) | int(raw[at + 1]) << 8 | int(raw[at + 2]) << 16 | int(raw[at + 3]) << 24


@inlined
def _hashed(raw, start, end):
    number, whole = SEED ^ (end - start), start + (end - start) // 4 * 4
    for at in range(start, whole, 4):
        part = _mixed(_four(raw, at))
        number = _mixed(number) ^ _mixed(part ^ (part >> 24))
    if whole < end:
        for at in range(whole, end):
            number ^= int(raw[at]) << (8 * (at - whole))
        number = _mixed(number)
    number = _mixed(number ^ (number >> 13))
    return (number ^ (number >> 15)) & POSITIVE


@entry
def _hash_all(raw, ends, hashes):
    start = 0
    for i in range(len(ends)):
        hashes[i] = _hashed(raw, start, ends[i])
        start = ends[i]


def murmur2(raw: npt.NDArray[np.uint8], ends: Ints) -> Ints:
    hashes = np.empty(len(ends), np.int64)
    _hash_all(raw, ends, hashes)
    return hashes


def murmur2_of(key: bytes) -> int:
    """One, which is not worth an array.

    >>> murmur2_of(b"ann") % 4
    2
    """
    hashed: int = _hashed(key, 0, len(key))
    return hashed
