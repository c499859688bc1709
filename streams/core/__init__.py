"""The pure engine: events and the time go in, changes come out. No clock, no I/O, no randomness.

The rooms, each importing only those below it:

explain/     why a subject is in a segment or is not, since when, and what comes next
engine/      a shard: events folded into profiles, rules evaluated, changes told. READ engine/shard.py FIRST
identities/  one person, several ids: aliases, links, merges
profiles/    what is kept of subjects: rows, documents, ledgers
compiler/    a rulebook ──▶ the layout of a profile's row, and the program that the kernel runs
scores/      RFM by quintiles: where a population parts into fifths
language/    the text of an expression ──▶ its checked tree, or what is wrong with it
rules/       what a rulebook is made of, once it is checked
kernel/      the compiled loop over events; what it runs is data

and the words that all of them share: events.py (the canonical event), batch.py (many of them, in order), changes.py
(a membership that flipped, with the reason), links.py and merges.py (ids that are one person's), subjects.py (whoever a
profile is about), instants.py (times and durations), calendar.py (when days begin), arrays.py; flows.py and survival.py
(how segments are entered and left, and after how long).
"""
