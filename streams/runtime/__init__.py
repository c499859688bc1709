"""The Faust shell around the engine: what a worker is.

running.py           a worker from its start to its end: one app after another
app.py               the composition root: everything that runs is put together here
transport.py         one Faust message for all that one fetch brought from one partition
fetching.py          the consumer's thread, and what it fetches; producing.py: the producer, a batch at a time
driver.py            what both know of settings and broker
agents.py            an agent a source, a timer, and what to do when the group changes hands
assignment.py        the shards that are ours, and who works on each
shard_lifecycle.py   one shard from taking over to letting go: load, work, flush
resumable.py         what is left of a shard that was let go, until it comes back or not
starting.py          where to begin reading; loading.py: what is stored, made what it was
past.py              a shard once more under rules that await their past; past_reader.py: what it reads
shard_past.py        when a shard needs one, and when no more; past_told.py: how far it is
departed.py          who left such a shard for another's; held_back.py: who waits in that one for what was left
homes.py             what the homes of users have of them, for both
resting.py           how much is done at once, and how others have their turn
intake.py            fetches decoded into the inbox; dead letters
decoding.py          records of a fetch to events; of what is passed on, all that is in it
misrouted.py         records whose users are another shard's; rerouting.py: sent home, and applied there once
priority_commands.py users to erase, and word of merges that were done: what goes before all events
shard_loop.py        a loaded shard, written down again and again; shard_work.py: what it does, in slices
pending.py           what has happened since the last checkpoint
checkpoint.py        into Redis, onto Kafka, in this order
published.py         what stands on Kafka already, for a state that is made anew; owed.py: what is told once it is
quintiles.py         edges of scores, agreed on by all workers
compiling.py         the engine compiled before it is needed, with word of how far it is
retry.py             what fails because Kafka or Redis is away is tried again
worker.py            what all shards share; counters.py: what it has done
monitor.py           whoever looks at all shards every second
metrics.py           what was counted and seen, for Prometheus; watching.py: all that watches a process
"""
