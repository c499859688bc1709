"""Names that rules read and nobody has sent, where they stand in the files.

Comes in: a folder, or one file, and a judge of names. Goes out: what is said of each, in the form of a fault; but none
is one, as what was never sent may be sent tomorrow.
"""

from collections.abc import Collection, Iterator
from pathlib import Path

from streams.core.language.names import Name, names
from streams.errors import Fault
from streams.observed.lint import NameLint
from streams.rulefiles.document import Location
from streams.rulefiles.forms import ScoresFile
from streams.rulefiles.reading import Reading
from streams.rulefiles.rulebook import read_rules


def unseen_names(path: Path, judge: NameLint) -> list[Fault]:
    """Raises `RuleError`."""
    readings = read_rules(path)
    scores = {reading.name for reading in readings if isinstance(reading.form, ScoresFile)}
    return sorted(fault for reading in readings for fault in _of_rule(reading, scores, judge))


def _of_rule(reading: Reading, scores: Collection[str], judge: NameLint) -> Iterator[Fault]:
    for location, name in _names(reading, scores):
        if found := judge(name):
            yield reading.document.within(location, name.offset, name.width, *found)


def _names(reading: Reading, scores: Collection[str]) -> Iterator[tuple[Location, Name]]:
    for location in (*reading.conditions, *reading.values):
        for name in names(reading.text(location), scores):
            yield location, name
    for i, trait in enumerate(reading.form.include if reading.form else ()):
        yield ("include", i), Name("trait", trait, 0, len(trait))
