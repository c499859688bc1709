"""What tests of shards have in common."""

from types import ModuleType
from typing import Final

import pytest

from streams.runtime import held_back, past, past_reader, resting, retry

WAITS: Final[dict[ModuleType, tuple[str, ...]]] = {
    held_back: ("LOOK_EVERY_S",),
    past: ("FOLLOW_EVERY_S", "HURRIED_S", "LOOK_EVERY_S", "AGAIN_AFTER_S"),
    past_reader: ("WAIT_S",),
    resting: ("LONGEST_S",),
    retry: ("FIRST_WAIT_S",),
}


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits before something is looked for, or tried, again."""
    for module, names in WAITS.items():
        for name in names:
            monkeypatch.setattr(module, name, 0.0)
