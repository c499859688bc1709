"""What the command `segmenter` does, a file a command; `streams.cli` puts them together.

    worker     run the rules over Kafka             replay    the same over files, without Kafka
    dev        a whole company on this machine      publish   files into the topics
    watch      changes as they happen               explain   why somebody is in a segment
    check      are the rules right?                 rules     which are live, and what they cost
    topics     create and verify the topics         settings  every setting with its value

What they are made of: `options` flags from the settings, `columns` of text; `lines` of files, the `records` in them,
`playback` of files through the engine, `sending` of files into Kafka; `profiles`, where a user is looked up, and the
`explanation` of where they stand; the `inventory` of what is live; `moments` as text.

What is slow to import (numba, faust, aiokafka, redis) is imported where a command runs, never on top.
"""
