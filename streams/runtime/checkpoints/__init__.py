"""What of a shard is stored and told, again and again, and how whoever owns it next goes on from that.

checkpoint.py  READ FIRST: into Redis, onto Kafka, in this order
pending.py     what has happened since the last one
loading.py     what is stored, made what it was; starting.py: where to begin reading
resumable.py   what is left of a shard that was let go, until it comes back or not
published.py   what stands on Kafka already, for a state that is made anew; told.py: where the last changes there led
owed.py        what is told once it is made anew, of who was erased meanwhile
"""
