"""The past of a shard: the same shard once more, for rules that read what was not kept before, while the first goes on.

maker.py       READ FIRST: made from the topics, behind the running one from checkpoint to checkpoint
shard_past.py  when a shard needs one, and when no more
reader.py      the inputs read once more, and never too far
progress.py    how far it is, and whom its rules would move
departed.py    what was counted of users before they became others
"""
