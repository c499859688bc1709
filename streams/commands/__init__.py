"""What the command `segmenter` does, a file a command; `streams.cli` puts them together.

    worker     run the rules over Kafka             replay    the same over files, without Kafka
    dev        a whole company on this machine      publish   files into the topics
    watch      changes as they happen               explain   why somebody is in a segment
    check      are the rules right?                 rules     which are live, and what they cost
    topics     create and verify the topics         settings  every setting with its value
    erase      all that is kept of a user

`options` makes their flags from the settings. What they do is in the packages below, `admin` and `eventfiles` among
them; what they print is made in `terminal`.

What is slow to import (numba, faust, aiokafka, redis) is imported where a command runs, never on top.
"""
