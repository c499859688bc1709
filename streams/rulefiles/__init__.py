"""Rule files: a folder of YAML to a rulebook, or every fault of every file with its place.

folder      which files there are, and their text
document    YAML in which every scalar is text and knows its place
shape       the keys of a segment's file
rulebook    expressions, and what needs all rules at once: names, circles
"""

from streams.rulefiles.rulebook import load

__all__ = ["load"]
