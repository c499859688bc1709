"""The port to durable state: what a shard keeps from one checkpoint to the next.

store.py         READ FIRST: what is kept, the protocol of whoever keeps it, and its twin in memory
fencing.py       who may write a shard, and which checkpoint comes next
codec.py         how a checkpoint lies in Redis: key names, encodings, writes
scripts.py       the Lua that runs inside Redis: check, then write, in one go
redis_store.py   the store of production: connections, scripts, foreign errors mapped at the edge
opening.py       the store that the settings name
"""
