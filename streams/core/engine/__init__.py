"""A shard: the profiles of one partition, and the path of an event through them.

shard.py        READ FIRST: step, tick, migrate, erase, depart, arrive
storable.py     what is stored of a shard, and how one begins: empty, as it was stored, or under other rules
readable.py     the profiles as they can be read: who is in what, since when and why; nothing there changes any
inbox.py        a shard's inputs merged by time, so that a backlog is worked off in the order in which it happened
encoding.py     events ──▶ the columns that the kernel reads; documents are folded on the way
decoding.py     what the kernel noted ──▶ changes, each with its reasons
privacy.py      what is private, and is shown as ***
loading.py      what is stored of a shard, made rows of today's table
migration.py    profiles that other rules wrote, evaluated under these
predecessor.py  the shard of before, under other rules: its profiles are brought into the one after it
erasure.py      a profile taken away, and what happened before does not bring it back
merging.py      a profile that leaves to become part of another, and its arrival there
leaving.py      how whoever is taken out leaves everything
handed_out.py   what a shard hands out beside changes: what a checkpoint stores, and where a subject stands
past.py         what was not kept before, made by a shard beside it
foreseen.py     whom rules with their past would move, counted before they move anybody
refreshing.py   quintile edges made anew as a stream goes by, where one shard holds all profiles
"""
