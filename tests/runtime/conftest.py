"""What tests of shards have in common."""

from types import ModuleType
from typing import Final

import pytest

from streams import retry
from streams.runtime import pace
from streams.runtime.intake import held_back
from streams.runtime.past import maker, reader

WAITS: Final[dict[ModuleType, tuple[str, ...]]] = {
    held_back: ("LOOK_EVERY_S",),
    maker: ("FOLLOW_EVERY_S", "HURRIED_S", "LOOK_EVERY_S", "AGAIN_AFTER_S"),
    reader: ("WAIT_S",),
    pace: ("LONGEST_S",),
    retry: ("FIRST_WAIT_S",),
}


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits before something is looked for, or tried, again."""
    for module, names in WAITS.items():
        for name in names:
            monkeypatch.setattr(module, name, 0.0)
