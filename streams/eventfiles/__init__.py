"""JSON Lines files of events: read, played through the engine, or sent to Kafka.

lines.py        one file, plain, .gz, .zst or piped in, as numbered lines
rejects.py      a line that cannot be used, and why
decoded.py      a file as what its lines mean
arrivals.py     several files, merged by time
playback.py     files through the engine; what comes out are changes
summary.py      what else was in them, said at the end of a replay
timeline.py     lines in order of time, over all users
publishing.py   files into the input topics
observing.py    what producers sent, as `check --events` holds rules against it
"""
