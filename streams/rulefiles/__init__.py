"""Rule files: a folder of YAML to a rulebook, or every fault of every file with its place.

folder      which files there are, and their text
document    YAML in which every scalar is text and knows its place
forms       the three forms of a rule file: segment, tier, scores
shape       which of them a file is, and whether it holds to it
reading     one file by itself: its form and its expressions
circles     segments that ask for each other
rulebook    what needs all rules at once: names, circles
doubts      what is no fault and can hardly be meant; of traits that billing sets, in `traits`
meaning     the rules that the core runs, and their versions
naming      rules by what a person calls them
schema      the forms as a JSON Schema, for editors
"""

from streams.rulefiles.rulebook import check, check_files, load, load_files, parse

__all__ = ["check", "check_files", "load", "load_files", "parse"]
