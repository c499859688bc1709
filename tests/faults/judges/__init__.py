"""Judges of what came of a stream: pure, each about one kind of thing that is told, and tested by what they blame.

Comes in: what a group told (`tests.faults.told`), and what must come of the stream. Goes out: blame, with an example.
"""
