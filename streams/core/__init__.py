"""The pure engine: bytes and arrays in, changes out; no clock, no I/O, no randomness.

shard.py         READ FIRST: step, tick and renew
events.py        the canonical event; batch.py: many of them, in order; inbox.py: the merge of a shard's inputs
expressions.py   the text of a condition ──▶ tree.py, over features.py (language/ has its parts)
rules.py         what a rule file means
catalog.py       where each feature lies in a profile's row
program.py       the rules as data for the kernel; layout.py: where everything lies in it
table.py         rows, documents and names of all profiles
documents.py     traits, and the ledger.py of subscriptions; dated.py: the newest event time wins
columns.py       events ──▶ what the kernel reads
kernel.py        the compiled loop; below it evaluation, windows, values, crossings, memberships, deadlines, flips,
                 words
reasons.py       what the kernel noted ──▶ changes.py, with the reason of each
packing.py       rows ──▶ bytes; snapshot.py: a shard at rest; renewal.py: under other rules than before
jit.py           how the kernel is compiled; prefetch.py: rows asked for before they are needed
instants.py      times and durations as text
"""
