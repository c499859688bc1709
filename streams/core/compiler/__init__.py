"""A rulebook ──▶ where each feature lies in a profile's row, and the program that the kernel runs. The stages:

catalog.py           READ FIRST: the features that rules read, each with its place in the row
fields.py            what of a row is stored, under which name
event_filters.py     what a `where` says of an event
extraction.py        what has to be read of an event, by its name
dependencies.py      what an event can change
time_dependence.py   what time alone can change: nothing, one flip, steps; differences.py: of times, exactly
codegen.py           a value or condition ──▶ code for the kernel
writer.py            leaves, windows, rules and classes of events ──▶ their records, in words put by assembler.py
program.py           all of it: one array
"""
