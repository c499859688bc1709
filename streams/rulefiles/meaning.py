"""What a rule file means: the rule that the core runs, with its version.

Comes in: a reading without faults. Goes out: a segment, a tier or scores.
"""

import hashlib
import json
from typing import Final

from streams.core.language.render import render, render_value
from streams.core.rules.nodes import Always
from streams.core.rules.rulebook import Edges, Level, Rule, Scores, Segment, Tier
from streams.rulefiles.forms import EdgesFile, ScoresFile, SegmentFile, TierFile
from streams.rulefiles.reading import AMONG, Reading

SHADOW: Final = "shadow"


def rule_of(reading: Reading) -> Rule:
    match reading.form:
        case SegmentFile() as form:
            return _segment(reading, form)
        case TierFile() as form:
            return _tier(reading, form)
        case ScoresFile() as form:
            return _scores(reading, form)
    raise ValueError(f"{reading.document.file} has faults")


def _segment(reading: Reading, form: SegmentFile) -> Segment:
    conditions = {location[0]: parsed.condition for location, parsed in reading.conditions.items()}
    meaning = {key: render(condition) for key, condition in conditions.items()}
    return Segment(
        name=form.segment,
        enter=conditions["enter"],
        exit=conditions.get("exit"),
        min_stay_ms=form.min_stay,
        include=_once(form.include),
        description=form.description,
        labels=form.labels,
        is_shadow=form.state == SHADOW,
        version=_version(meaning, form.min_stay, sorted(set(form.include))),
    )


def _tier(reading: Reading, form: TierFile) -> Tier:
    conditions = {location[1]: parsed.condition for location, parsed in reading.conditions.items()}
    levels = tuple(Level(name, conditions.get(name, Always(True))) for name in form.levels)
    meaning = [[level.name, render(level.condition)] for level in levels]
    return Tier(
        name=form.tier,
        levels=levels,
        include=_once(form.include),
        description=form.description,
        labels=form.labels,
        is_shadow=form.state == SHADOW,
        version=_version("tier", meaning, sorted(set(form.include))),
    )


def _scores(reading: Reading, form: ScoresFile) -> Scores:
    recency, frequency, monetary = (reading.values[key,] for key in ("recency", "frequency", "monetary"))
    meaning = [render_value(value) for value in (recency, frequency, monetary)]
    parsed = reading.conditions.get(AMONG)
    among = parsed.condition if parsed is not None else None
    of_whom = [] if among is None else [render(among)]
    # Edges of recency move with time since 0.2.
    edges = form.fixed.model_dump() if form.fixed else ["ages", form.refresh]
    return Scores(
        name=form.scores,
        recency=recency,
        frequency=frequency,
        monetary=monetary,
        fixed=_edges(form.fixed) if form.fixed else None,
        refresh_ms=form.refresh,
        among=among,
        include=_once(form.include),
        description=form.description,
        labels=form.labels,
        is_shadow=form.state == SHADOW,
        version=_version("scores", meaning, edges, sorted(set(form.include)), *of_whom),
    )


def _edges(fixed: EdgesFile) -> Edges:
    def four(edges: list[float]) -> tuple[float, float, float, float]:
        first, second, third, fourth = edges
        return first, second, third, fourth

    return Edges(four(fixed.r), four(fixed.f), four(fixed.m))


def _once(include: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(include))


def _version(*meaning: object) -> str:
    """A hash of what the rule means: neither of its description and labels nor of how it is spelled."""
    text = json.dumps(meaning, sort_keys=True)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
