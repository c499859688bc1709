"""What the command `segmenter` does, a file a command; `streams.cli` puts them together.

    worker     run the rules over Kafka             replay    the same over files, without Kafka
    dev        a whole company on this machine      publish   files into the topics
    watch      changes as they happen               explain   why somebody is in a segment
    check      are the rules right?                 rules     which are live, and what they cost
    topics     create and verify the topics         settings  every setting with its value

What they are made of: `options` flags from the settings, `logs`, `columns` of text, `connections` to Kafka, the `state`
in Redis; `lines` of files, the `records` in them, `playback` of files through the engine, `sending` of files into Kafka
with `publisher`; `feed` of changes out of Kafka, `wording` of a change; `profiles`, where a user is looked up, and the
`explanation` of where they stand; the `inventory` of what is live; `moments` as text; and for `dev` the `studio` with
its `company`, a worker as `colleague`, a `scene` and the `views` of it.

What is slow to import (numba, faust, aiokafka, redis) is imported where a command runs, never on top.
"""
