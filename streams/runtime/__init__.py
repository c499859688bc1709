"""The Faust shell around the engine: what a worker is. Four rooms, each importing only those below it:

past/         a shard once more, beside the running one, for rules that read what was not kept before
checkpoints/  what of a shard is stored and told, and how it goes on from that
intake/       what comes to a shard, until it is applied
transport/    Kafka under Faust, a batch at a time

and around them, from the process down to a slice of work:

running.py          a worker from its start to its end: one app after another
app.py              READ FIRST: everything that runs is put together here
agents.py           an agent a source, a timer, and what to do when the group changes hands
assignment.py       the shards that are ours, and who works on each
shard_lifecycle.py  one shard from taking over to letting go: load, work, flush
shard_loop.py       a loaded shard, written down again and again; shard_work.py: what it does, in slices
pace.py             how much is done at once, and how others have their turn
quintiles.py        edges of scores, agreed on by all workers
compiling.py        the engine compiled before it is needed, with word of how far it is
worker.py           what all shards share; counters.py: what it has done
monitor.py          whoever looks at all shards every second; metrics.py: what was counted and seen, for Prometheus
watching.py         all that watches a process
"""
