"""For a laptop with nothing on it: a Redis and a Kafka-compatible broker of one's own.

server.py   a server program: started, asked until it answers, stopped, never left behind
redis.py    a real redis-server
kafka.py    Tansu, in memory
"""
