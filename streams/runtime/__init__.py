"""The Faust shell around the engine.

topics.py       created and verified before Faust starts
rehearsal.py    the engine compiled before it is needed
transport.py    one Faust message for all that one fetch brought from one partition
fetching.py     the consumer's thread, and what it fetches
producing.py    the producer, a batch at a time
connection.py   what both know of settings and broker
agents.py       an agent a source, a timer, the group's changes of hands
homes.py        whose shard
shards.py       which shards are ours, and who works on each
owner.py        one shard from taking over to letting go: load, work, flush
starting.py     where to begin reading
loaded.py       a loaded shard: events and deadlines in slices
intake.py       fetches decoded into the inbox; dead letters
erasures.py     users to erase, who go before all events
unsaved.py      what has happened since the last checkpoint
checkpoint.py   into Redis, onto Kafka, in this order
outputs.py      changes, memberships and dead letters as messages
patience.py     what fails because Kafka or Redis is away is tried again
quintiles.py    edges of scores, agreed on by all workers
sightings.py    what was read, for `segmenter check --seen`
telemetry.py    counters and log lines
worker.py       what all shards share
kafka.py        how to reach Kafka, and what brokers can do
app.py          the composition root
"""
