"""The port to durable state: what shards and their group keep from one checkpoint to the next.

format.py        READ FIRST: all that lies in Redis, a row each
collection.py    what such a row says
keys.py          the names of their keys
store.py         the ports, of a shard's store and a group's, and what goes through them
memory.py        both in memory, for tests
claiming.py      how a shard is claimed
fencing.py       who may write a shard, and which checkpoint comes next
codec.py         how a checkpoint lies in Redis
scripts.py       the Lua that runs inside Redis: check, then write, in one go
upgrades.py      what an older version stored, brought to today's format
redis_client.py  connections, and foreign errors in our words
redis_shards.py  a shard's store in Redis
scanning.py      big hashes, read whole
counting.py      what is counted in each shard, put together
redis_group.py   a group's store in Redis
feeds.py         the port to users' feeds; redis_feeds.py, memory_feeds.py
redis_store.py   both, and whether a server is fit for them
opening.py       the store that the settings name
"""
