"""Why a subject is in a segment or is not, since when, and what comes next if nothing happens.

explanation.py   READ FIRST: a subject's segments with every condition and value
decisive.py      the conditions because of which it is so
forecast.py      the engine itself, let run ahead on a copy of one profile
history.py       since when each condition holds
scorecard.py     each score, and the value and the edges behind it
inventory.py     what the rules read, and since when their counts have been kept
costs.py         how much of a row each rule needs alone
"""
