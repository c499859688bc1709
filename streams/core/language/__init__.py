"""The rule language; `streams.core.language.parser` is the way in.

spelling      words and signs: what is not ours is refused, with what to write instead
idioms        what other languages say between two values
syntax        Python's syntax tree of the text, and where each node stands in it
vocabulary    the functions, options and names: how each is written and what it means
reference     the same in Markdown, for who writes rules
calls         which function is called, its arguments and options
values        constants, arithmetic, and what a scope has names and functions for
conditions    comparisons, questions, and what joins them
events        which events a function is about; the scope of `where`
functions     what each function reads; lowering: lower(..)
scores        rfm.r, rfm.name and the like
profile       the scope of an expression: traits, clocks, scores, functions, segments
changes       the scope of a message's `only`: what a change carries
kinds         number, text, boolean: comparisons that never hold
linear        what time does not move in a straight line
render        the checked tree as text again, one spelling for each meaning
names         what an expression reads of what others send
possible      whether a condition can hold of anybody at all
slips         names that are a slip of the pen away from others
faults        what is wrong with an expression, and where
"""
