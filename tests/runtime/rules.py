"""Rulebooks as tests write them."""

from streams.core.language.parser import parse_condition
from streams.core.rules.rulebook import Rulebook, Segment


def rulebook(**enter: str) -> Rulebook:
    """name=condition"""
    return Rulebook(tuple(Segment(name, parse_condition(enter[name]), version="v1") for name in sorted(enter)))
