"""Rules for tests: those of a folder, or written down where they are tested."""

from pathlib import Path

from streams import rulefiles
from streams.core.rules.rulebook import Rulebook


def load_rules(path: Path | str) -> Rulebook:
    """The rules of a folder, or of one file. `RuleError` has every fault with its place."""
    return rulefiles.load(Path(path))


def parse_rules(*texts: str) -> Rulebook:
    """Of texts such as `segment: gone-quiet` with `enter: idle_days >= 7` below it, a rule each."""
    return rulefiles.parse(*texts)
