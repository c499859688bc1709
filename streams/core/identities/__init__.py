"""One person, several ids: what comes under an alias waits until a link says whose it is, and two users may become one.

    identities.py   READ FIRST: what becomes of each event of a shard that has to do with aliases
    linking.py      records and links: what is applied, and what the homes of others are to hear
    aliases.py      an alias's home: what is kept, whose it is, what is passed on
    owners.py       a user's home: which aliases are hers, and how much of each has come
    merges.py       two users who are one by a command: who is to be gone asks who is to stay, and moves there
    questions.py    what is asked about that, as it is kept
    erasing.py      whoever is erased is so under every id
    kept.py         a record as it is kept, and as it travels; packing.py: in fewer bytes
    waiting.py      the place of what waits, which is bounded
    refusals.py     links that were refused, for whoever looks for them
    profiles.py     what is asked of a shard

An alias's home is the partition of the alias as a key, as a user's is that of the user id. What they tell each other
are events, too (`streams.core.links`, `streams.core.merges`): in a worker they travel by the topic of rerouted events,
in a replay they are there at once. All is pure: no clock, no I/O.
"""
