"""What a rulebook is made of, once it is checked; nothing here knows how it was written or how it will run.

nodes.py       READ FIRST: features, values and conditions, the tree of an expression
statistics.py  the statistics of windows, a row each
rulebook.py    segments, tiers and scores, in the order of their names
rfm.py         scores from 1 to 5, and the named segments of the R x F grid
traversal.py   ways through the tree: leaves, operands, the features they read
equality.py    when two values of JSON are the same
"""
