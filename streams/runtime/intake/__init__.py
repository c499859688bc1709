"""What comes to a shard, until it is applied.

intake.py             READ FIRST: fetches decoded into the inbox
decoding.py           records of a fetch to events; of what is passed on, all that is in it
letters.py            dead letters, until they are published
misrouted.py          records whose users are another shard's; rerouting.py: sent home, and applied there once
priority_commands.py  users to erase, and word of merges that were done: what goes before all events
held_back.py          who becomes somebody of this shard, and waits for what another's past has left of them
homes.py              what the homes of users have of them
"""
