"""RFM scores by quintiles: the edges at which a population parts into fifths, agreed on by all shards.

sketch.py      how one number is spread over many profiles, in a few kilobytes; they merge
quintiles.py   sketches ──▶ edges, and whether the agreed ones have to move
consensus.py   how the workers of a group come to the same edges
edges.py       which edges a shard scores by, since when
"""
