"""What is kept of subjects: a row of numbers for the rules, and a document of all that they may ask for one day.

table.py             READ FIRST: rows, documents and ids of a shard's profiles; index.py: whose row is which
document.py          all traits with their times, and what is too long for a row; last_write_wins.py: the newer stands
ledger.py            subscriptions, and the traits and events that follow from them
values.py            values as words of rows; texts.py: which of the texts are left behind
kinds.py             the kinds of fields that rows have: how each is carried over, ages, and is merged
merging.py           two profiles become one, as if every event of both had been the first one's
columns.py           what rules read of many documents at once
snapshot.py          a shard at rest: what is stored of it, and how rows are carried over to another schema
filling.py           what was not kept before, filled in from profiles that kept it
warmup.py            since when counts have been kept, and when a window is covered
"""
