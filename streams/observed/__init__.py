"""What producers really send: the names that workers have read, and rules held against them (`segmenter check --seen`).

names.py      a bounded record of one day: names of events, properties and traits, and how often
sampling.py   all names in one record
recorder.py   what this worker reads, noted now and then
lint.py       a name that a rule reads and nobody has sent: what to say of it
places.py     where those names stand in the rule files
slips.py      names of billing updates that are misspelt
report.py     what `check --seen` says
"""
