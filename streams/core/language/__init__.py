"""The rule language; `streams.core.expressions` is the way in.

spelling      words and signs: what is not ours is refused, with what to write instead
syntax        Python's syntax tree of the text, and where each node stands in it
vocabulary    the functions, how each is written, and which names are traits
functions     calls: what their arguments mean
kinds         number, text, boolean: comparisons that never hold
linear        what time does not move in a straight line
render        the checked tree as text again, one spelling for each meaning
faults        what is wrong with an expression, and where
"""
