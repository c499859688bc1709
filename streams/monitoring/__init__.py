"""What an operator sees of a worker.

health.py     where each shard stands: the one place that knows; the log, the metrics and the checks take it from there
lag.py        how far inputs are behind what Kafka has, in records and in seconds; and whether it answers
server.py     the HTTP port: /metrics, /healthz, /readyz
check.py      asks another process for its health, for containers
watchdog.py   the end of a worker whose event loop does not move any more
"""
