"""For a laptop with nothing on it: a Redis and a Kafka-compatible broker of one's own, and a company to watch.

server.py      a server program: started, asked until it answers, stopped, never left behind
redis.py       a real redis-server
kafka.py       Tansu, in memory
people.py      the habits of one simulated user
simulator.py   the company: its users, their sign-ups, payments and silences
clock.py       its virtual time
"""
