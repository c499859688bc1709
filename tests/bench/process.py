"""How much memory a process takes, as Linux tells it. Comes in: a process id, or "self". Goes out: bytes."""

from pathlib import Path
from typing import NamedTuple


class Memory(NamedTuple):
    """Resident bytes, now and at most so far."""

    now: int
    peak: int


def memory_of(pid: int | str) -> Memory:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    kb = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines) if "kB" in rest}
    return Memory(kb["VmRSS"] << 10, kb["VmHWM"] << 10)
