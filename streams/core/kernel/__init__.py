"""The kernel: the loop over events; rules are data that it interprets. It runs as it is, or compiled.

layout.py        READ FIRST: where everything lies in the program, in a row and in the kernel's own space
loop.py          the ways in: step, tick, re-evaluate, look; each event is caught up, folded, evaluated, compared
memory.py        the rows that it is given; occurrences.py: the events; message_ids.py: which of them have been here
looking.py       how a row stands at an instant, and what it is scored by
windows.py       rings of day or hour buckets: adding, rolling on, totals; buckets.py: what a bucket holds
interpreter.py   the code of a value or condition ──▶ its value, over a row
propagation.py   which leaves an event turns over, and so which rules are dirty; dirty_rules.py: a bit for each
evaluation.py    dirty rules ──▶ memberships.py, levels of tiers; scoring.py: scores by their edges
deadlines.py     the next instant at which a level may change; flip_times.py: when time alone flips a leaf
merging.py       a row into which another has been merged
transitions.py   what changed, one line each, with the values that show why
packing.py       rows ──▶ bytes; hash_table.py: rows by id; murmur2.py: partitions of keys
json_ids.py      who a line of JSON is about, without decoding it
bits.py          what an 8-byte word can hold; prefetch.py: rows asked for before they are needed
jit.py           which functions all of this is made of; `streams.native` compiles them
"""
