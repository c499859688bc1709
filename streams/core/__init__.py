"""The pure engine: bytes and arrays in, changes out; no clock, no I/O, no randomness.

shard.py         READ FIRST: step, tick and renew
events.py        the canonical event; batch.py: many of them, in order; inbox.py: the merge of a shard's inputs
expressions.py   the text of a condition ──▶ tree.py, over features.py (language/ has its parts)
rules.py         what a rule file means
rfm.py           scores, and the names of their grid; quintiles.py: where the edges are in a population.py
edges.py         which edges a shard scores by, since when; refreshing.py: made anew as a stream goes by
agreement.py     how all workers of a group come to the same ones
catalog.py       where each feature lies in a profile's row
program.py       the rules as data for the kernel; layout.py: where everything lies in it
coding.py        values as code, differences.py of times exactly; writing.py: words one after the other
table.py         rows, documents and names of all profiles; index.py: whose row is which, in slots.py
documents.py     traits, and the ledger.py of subscriptions; dated.py: the newest event time wins
columns.py       events ──▶ what the kernel reads
kernel.py        the compiled loop; below it evaluation, windows, values, crossings, memberships, deadlines, flips,
                 scoring, words
reasons.py       what the kernel noted ──▶ changes.py, with the reason of each
forecast.py      what becomes of a profile if nothing happens; explanation.py: why it is where it is
observing.py     since when each condition holds; scorecard.py: what is behind the scores
packing.py       rows ──▶ bytes; snapshot.py: a shard at rest; renewal.py: under other rules than before
coverage.py      since when counts have been kept; inventory.py: what each rule reads and costs
jit.py           how the kernel is compiled; prefetch.py: rows asked for before they are needed
instants.py      times and durations as text
"""
