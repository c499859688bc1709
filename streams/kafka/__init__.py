"""Kafka, as every part of this project reaches it. Only `runtime/` knows it beside this.

connection.py    how to reach a broker by our settings, and what it can do
consumer.py      aiokafka's consumer, whose fetches are read by batches/: record batches, and what cannot be read
group.py         a consumer of a group that owns what it reads; membership.py: whether it does still
clients.py       consumers and producers for commands that are no workers; publisher.py: many records at a time
beginnings.py    how far topics reach back
places.py        records by where they stand: read, and published again
confirmed.py     records of many callers at once, each told when Kafka has them
ending.py        the end of a producer that has lost touch
errors.py        why Kafka does not let us in, in the words of our settings
outcomes.py      every error of aiokafka, and whether it passes, ends us, or may pass
provisioning.py  the topics of `streams.topics`, created where they are missing, verified where they exist
message.py       a record that is to be published
partitioning.py  whose partition: where producers put the records of a user
"""
