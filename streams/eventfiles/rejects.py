"""A line of a file that cannot be used, and why: for stderr, or for a file of dead letters."""

from dataclasses import dataclass

import msgspec

from streams.core.events import Reject
from streams.outputs.dead_letter import KEPT_BYTES


@dataclass(frozen=True, slots=True)
class RejectedLine:
    """`number` counts from 1."""

    file: str
    number: int
    line: bytes
    why: Reject

    def __str__(self) -> str:
        return f"{self.file}:{self.number}: {self.why.reason}"

    def to_json(self) -> bytes:
        """As the dead letter that a worker would make of it: the reason, and the first 64 KiB of the line."""
        text = self.line[:KEPT_BYTES].decode(errors="replace").rstrip("\r")
        letter = {"file": self.file, "line": self.number, "reason_code": self.why.code, "reason": self.why.reason}
        return msgspec.json.encode({**letter, "record": text, "truncated": len(self.line) > KEPT_BYTES})
