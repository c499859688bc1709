"""What the command `segmenter` does, a file a command; `streams.cli` puts them together.

    worker     run the rules over Kafka             replay    the same over files, without Kafka
    dev        a whole company on this machine      publish   files into the topics
    watch      changes as they happen               explain   why somebody is in a segment
    init       a folder of one's own rules          check     are the rules right?
    test       do they do what their stories tell?  rules     which are live, and what they cost
    topics     create and verify the topics         erase     all that is kept of a user
    compile    the engine, ahead of its first use   settings  every setting with its value

`options` makes their flags from the settings, `params` reads what stands behind a flag, `engine` is compiled only where
that pays. What commands do is in the packages below, `admin`, `eventfiles` and `testing` among them; what they print is
made in `terminal`.

What is slow to import (numba, faust, aiokafka, redis) is imported where a command runs, never on top.
"""
