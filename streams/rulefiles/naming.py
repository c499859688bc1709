"""Rules by what a person calls them: their own name, or the name of a segment that they make."""

from collections.abc import Collection

from streams.core.language.faults import nearest
from streams.core.rules.rulebook import Rulebook
from streams.errors import UsageError


def rules_called(rulebook: Rulebook, names: Collection[str]) -> tuple[str, ...]:
    """The names of the rules that are called so, or have a level called so, as in `lifecycle/power`.

    UsageError names the nearest where there is none.
    """
    by_name = {segment: rule.name for rule in rulebook.groupings for segment in (rule.name, *rule.segments)}
    for name in names:
        if name not in by_name:
            near = nearest(name, by_name)
            rules = ", ".join(rulebook.names)
            raise UsageError(
                f"No rule makes a segment {name}. " + (f"Did you mean {near}?" if near else f"There are: {rules}.")
            )
    return tuple(by_name[name] for name in names)
