"""What is no fault and can hardly be meant: what `segmenter check` says with a `maybe`.

Comes in: readings of rule files without faults. Goes out: doubts, in the form of faults. A rule with doubts runs as it
says; whoever means it so leaves it.

    conditions   never hold, always hold, or never together; a rule that nobody enters; a level that nobody is at
    names        a trait called as another rule is, or almost as one that follows from billing (`traits`)
    values       a kind or a word that a trait never has; a word that lacks its quotes
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from streams.core.language.names import Name, names
from streams.core.language.possible import possible
from streams.core.language.render import render_value
from streams.core.rules.nodes import (
    All,
    Always,
    Compare,
    Condition,
    Constant,
    Elapsed,
    LatestTime,
    Leaf,
    Not,
    Read,
    Score,
    Some,
    Trait,
    TraitTime,
    Value,
    Window,
    Within,
)
from streams.core.rules.traversal import leaves, operands
from streams.errors import Fault
from streams.rulefiles import traits
from streams.rulefiles.document import Location
from streams.rulefiles.forms import ScoresFile, SegmentFile, TierFile
from streams.rulefiles.reading import AMONG, Reading

ENTER, EXIT = ("enter",), ("exit",)
DATE = re.compile(r"\d{4}-\d\d-\d\d")
Words = Mapping[str, frozenset[str]]  # by a value, as it is rendered: the texts that it is known to have


class Doubt(NamedTuple):
    """About a part of an expression, by its text."""

    location: Location
    text: str
    message: str
    hint: str = ""


def doubts(readings: Sequence[Reading], seen: Words | None = None) -> list[Fault]:
    """seen: of traits, the texts that they were sent with."""
    words = _merged([seen or {}, *map(_words, readings)])
    called = {reading.name: reading for reading in readings}
    said = [(reading, [*_of_conditions(reading), *_of_values(reading, words)]) for reading in readings]
    found = [_placed(reading, doubt) for reading, those in said for doubt in those]
    found += [fault for reading in readings for fault in _of_names(reading, called)]
    return sorted(dict.fromkeys(found))


def _placed(reading: Reading, doubt: Doubt) -> Fault:
    """Where the text stands first; what is said of one place is meant of all."""
    source = reading.text(doubt.location)
    blanks = r"\s+".join(map(re.escape, doubt.text.split()))
    match = re.search(blanks, source)
    start, end = match.span() if match else (0, len(source))
    return reading.document.within(doubt.location, start, end - start, doubt.message, doubt.hint)


# conditions


def _of_conditions(reading: Reading) -> Iterator[Doubt]:
    conditions = {location: parsed.condition for location, parsed in reading.conditions.items()}
    said = [doubt for location, condition in conditions.items() for doubt in _impossible(location, condition)]
    yield from said
    yield from _without_end(reading, conditions)
    if not said:
        yield from _of_rule(reading, conditions)


def _impossible(location: Location, condition: Condition) -> Iterator[Doubt]:
    """Single conditions that never or always hold, and such as never hold together."""
    for leaf in leaves(condition):
        if not possible(leaf):
            yield Doubt(location, leaf.text, f"this never holds{_why(leaf)}")
        elif not possible(Not(leaf)):
            yield Doubt(location, leaf.text, f"this always holds{_why(leaf)}")
    for whole in _conjunctions(condition):
        single = [part for part in whole.parts if _leaf(part) is not None and possible(part)]
        for one, other in combinations(single, 2):
            if not possible(one, other):
                yield Doubt(location, _text(other), f"this never holds together with `{_text(one)}`")


def _conjunctions(condition: Condition) -> Iterator[All]:
    match condition:
        case All(parts) | Some(parts):
            if isinstance(condition, All):
                yield condition
            for part in parts:
                yield from _conjunctions(part)
        case Not(part):
            yield from _conjunctions(part)


def _leaf(condition: Condition) -> Leaf | None:
    """The one condition, with or without a `not` before it."""
    inner = condition.part if isinstance(condition, Not) else condition
    return None if isinstance(inner, All | Some | Not | Always) else inner


def _text(condition: Condition) -> str:
    leaf = _leaf(condition)
    return "" if leaf is None else f"not {leaf.text}" if isinstance(condition, Not) else leaf.text


def _of_rule(reading: Reading, conditions: Mapping[Location, Condition]) -> Iterator[Doubt]:
    """What no single condition is to blame for."""
    match reading.form:
        case SegmentFile():
            yield from _of_segment(reading, conditions[ENTER], conditions.get(EXIT))
        case TierFile():
            above: list[Condition] = []
            for location, condition in conditions.items():
                if not possible(condition, *above):
                    message = f"nobody is ever at `{location[1]}`: the levels above it take them all"
                    yield Doubt(location, reading.text(location), message, "the first level that holds is a user's")
                above.append(Not(condition))
        case ScoresFile() if AMONG in conditions and not possible(conditions[AMONG]):
            yield Doubt(AMONG, reading.text(AMONG), "nobody is ever scored: this never holds")


def _of_segment(reading: Reading, enter: Condition, leave: Condition | None) -> Iterator[Doubt]:
    if not possible(enter):
        yield Doubt(ENTER, reading.text(ENTER), "nobody ever enters: this never holds")
    elif leave is not None and not possible(enter, Not(leave)):
        hint = "who meets `exit` does not enter: ask there for what ends the stay, such as `idle_days < 1`"
        yield Doubt(EXIT, reading.text(EXIT), "nobody ever enters: this holds whenever `enter` does", hint)
    elif leave is None and not isinstance(enter, Always) and not possible(Not(enter)):
        yield Doubt(ENTER, reading.text(ENTER), "everybody is in it: this always holds")
    elif leave is not None and not isinstance(leave, Always) and not possible(leave):
        yield Doubt(EXIT, reading.text(EXIT), "nobody ever leaves: this never holds")


def _why(leaf: Leaf) -> str:
    """What a value can be at all."""
    value = next((each for each in operands(leaf) if not isinstance(each, Constant)), None)
    match value:
        case Read(Window("active_days", length=length)):
            return f": of {length} day{'' if length == 1 else 's'} at most {length} are active"
        case Read():
            return ": it counts, from 0 up, and is never missing"
        case Elapsed():
            return ": such a time is never below 0"
        case Score(part="r" | "f" | "m"):
            return ": scores are 1 to 5"
    return ""


def _without_end(reading: Reading, conditions: Mapping[Location, Condition]) -> Iterator[Doubt]:
    """`days_until(x) <= 3`, which holds of all that is past, too."""
    above: list[Condition] = [Not(conditions[EXIT])] if EXIT in conditions else []
    for location, condition in conditions.items():
        for leaf in _open_ends(condition, above):
            hint = f"with a lower bound it is `0 <= {leaf.text}`"
            yield Doubt(location, leaf.text, "this holds, too, of whatever is past", hint)
        if isinstance(reading.form, TierFile):
            above.append(Not(condition))


def _open_ends(condition: Condition, beside: Sequence[Condition]) -> Iterator[Compare]:
    match condition:
        case All(parts):
            for place, part in enumerate(parts):
                yield from _open_ends(part, [*beside, *parts[:place], *parts[place + 1 :]])
        case Some(parts):
            for part in parts:
                yield from _open_ends(part, beside)
        case Compare("<" | "<=", Elapsed(TraitTime() | LatestTime(), sign=-1) as until, Constant(float(limit))):
            past = Compare("<", until, Constant(0.0), "")
            if limit > 0 and possible(condition, past, *beside):
                yield condition


# values


def _of_values(reading: Reading, words: Words) -> Iterator[Doubt]:
    for location, parsed in reading.conditions.items():
        for leaf in leaves(parsed.condition):
            for message, hint in (*traits.unlike(leaf), *_unquoted(leaf, words)):
                yield Doubt(location, leaf.text, message, hint)


def _unquoted(leaf: Leaf, words: Words) -> Iterator[tuple[str, str]]:
    """`plan == pro`, where `"pro"` is known."""
    match leaf:
        case Compare("==" | "!=", Read() | Score() as left, Read() | Score() as right):
            for value, other in ((left, right), (right, left)):
                word = other.feature.name if isinstance(other, Read) and isinstance(other.feature, Trait) else ""
                if word in words.get(render_value(value), ()) or word in traits.known_words(value):
                    yield f"`{word}` without quotes is a trait", f'write "{word}"'


def _words(reading: Reading) -> Words:
    """The texts that a rule compares values with."""
    found: dict[str, set[str]] = {}
    for parsed in reading.conditions.values():
        for leaf in leaves(parsed.condition):
            for value, text in _compared(leaf):
                found.setdefault(render_value(value), set()).add(text)
    return {value: frozenset(texts) for value, texts in found.items()}


def _compared(leaf: Leaf) -> Iterator[tuple[Value, str]]:
    match leaf:
        case Compare(_, value, Constant(str(text))) | Compare(_, Constant(str(text)), value):
            yield value, text
        case Within(value, options):
            yield from ((value, option) for option in options if isinstance(option, str))


def _merged(parts: Iterable[Words]) -> Words:
    found: dict[str, frozenset[str]] = {}
    for part in parts:
        for value, texts in part.items():
            found[value] = found.get(value, frozenset()) | texts
    return found


# names


def _of_names(reading: Reading, called: Mapping[str, Reading]) -> Iterator[Fault]:
    scores = {name for name, other in called.items() if isinstance(other.form, ScoresFile)}
    for location in (*reading.conditions, *reading.values):
        text = reading.text(location)
        for name in names(text, scores):
            if text[name.offset] not in "\"'" and name.kind == "trait":
                said = _other_rule(name.text, reading, called) or traits.slip(name.text)
            else:
                said = _date(name)
            if said is not None:
                yield reading.document.within(location, name.offset, name.width, *said)


def _other_rule(name: str, reading: Reading, called: Mapping[str, Reading]) -> tuple[str, str] | None:
    other = called.get(name) or called.get(name.partition(".")[0])
    if other is None or other is reading or name in traits.KINDS:
        return None
    rest = f'; for a trait of this name write trait("{name}")'
    if isinstance(other.form, SegmentFile):
        return f"`{name}` is a segment, and read as a trait here", f'write in_segment("{other.name}"){rest}'
    if isinstance(other.form, TierFile):
        hint = "write the condition of its level, or make a segment of that"
        return f"`{other.name}` is a tier, and read as a trait here", f"{hint}{rest}"
    return None


def _date(name: Name) -> tuple[str, str] | None:
    if name.kind != "event" or not DATE.match(name.text):
        return None
    return f'"{name.text}" is the name of an event here', "of a time in a trait write its name: days_since(signed_up)"
