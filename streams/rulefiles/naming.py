"""Rules by what a person calls them: their own name, or the name of a segment that they make."""

from collections.abc import Collection

from streams.core.language.faults import nearest
from streams.core.rules.rulebook import Rulebook
from streams.errors import Unknown, UsageError


class UnknownSegment(UsageError, Unknown):
    """No rule makes it. `nearest` is the name that was most likely meant, or empty."""

    def __init__(self, name: str, known: Collection[str], rules: Collection[str]):
        self.nearest = nearest(name, known)
        hint = f"Did you mean {self.nearest}?" if self.nearest else f"There are: {', '.join(rules)}."
        super().__init__(f"No rule makes a segment {name}. {hint}" if name else f"Which segment? {hint}")


def rules_called(rulebook: Rulebook, names: Collection[str]) -> tuple[str, ...]:
    """The names of the rules that are called so, or have a level called so, as in `lifecycle/power`."""
    by_name = {segment: rule.name for rule in rulebook.groupings for segment in (rule.name, *rule.segments)}
    for name in names:
        if name not in by_name:
            raise UnknownSegment(name, by_name, rulebook.names)
    return tuple(by_name[name] for name in names)


def segments_called(rulebook: Rulebook, name: str) -> tuple[str, ...]:
    """A segment or level of that name, or all levels of a tier or of scores."""
    (rule,) = rules_called(rulebook, [name])
    segments = next(each.segments for each in rulebook.groupings if each.name == rule)
    return (name,) if name in segments else tuple(segments)
