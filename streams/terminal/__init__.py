"""What a command prints, for a person to read or, as JSON, for a program.

explanation.py   why a user is in a segment or is not
overview.py      the same of all rules, on a page; standing.py: phrases for both
inventory.py     what is live
plan.py          what a new version would change
versions.py      what was live, and when
members.py       who is in a segment
backtest.py      what rules would have done
deliveries.py    what was decided about messages
links.py         whose an alias is
dead_letters.py  records that could not be used
erasure.py       what was removed of a user
columns.py       text in columns
dates.py         instants as people read them
progress.py      how far a file has been read
"""
