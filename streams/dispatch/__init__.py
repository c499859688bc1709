"""The shell around delivery: what `segmenter deliver` is.

shard.py      READ FIRST: one shard's changes to decisions, a step at a time, each stored whole before it is told
step.py       what a step works on; webhooks.py: what of that goes to endpoints
in_force.py   which messages are in force
inputs.py     the records of its topics, decoded
sender.py     webhooks posted; posting.py: one attempt; addresses.py: to which it may go; standing.py: how endpoints do
merging.py    two users who are one: from shard to shard
process.py    the process: members of a group share the shards
monitor.py    whoever looks at them every second; metrics.py: all figures, for Prometheus
"""
