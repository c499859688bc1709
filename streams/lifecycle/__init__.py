"""Rules over time: the rulebook of a group, kept in Redis with all that it ever was.

versions     what is kept: files as text, and each version's number, time, author and note
checking     a folder or texts to rules and messages, or every fault; and which of them is in force
differences  what one rulebook says otherwise than another
sampling     stored profiles, looked at under other rules
estimate     who would enter and leave now, as far as the state tells
moves        how far rules would move a segment, and whether that is too far
planning     differences and estimate, under an id by which just that is applied, or refused
applying     a new version, unless somebody was quicker; an old one once more
awaiting     a version that reads what was not kept before, until that is there
reach        how far topics reach back for that
pass_rates   who fulfils each condition of a rule, and whom it alone keeps out
restoring    what workers know is put back where Redis has lost it; what came meanwhile follows
following    whoever runs the rules sees that there is another version

Comes in: rule files, and the state of a group. Goes out: plans and versions. What shards make of a new version is for
`streams.runtime`.
"""
