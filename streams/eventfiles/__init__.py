"""JSON Lines files of events: read, played through the engine, or sent to Kafka.

lines.py        one file, plain, gzipped or piped in, as numbered lines
envelope.py     a line as a record: where it belongs
rejects.py      a line that cannot be used, and why
arrivals.py     several files, merged by time
playback.py     files through the engine; what comes out are changes
timeline.py     lines in order of time, over all users
publishing.py   files into the input topics
"""
