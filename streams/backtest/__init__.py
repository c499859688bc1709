"""Rules over a history, before they are live: what they would have done, and what others would have done.

question.py     READ FIRST: what is asked: rules, history, an outcome
sides.py        a rulebook that a history is played to, and what is counted of it
tally.py        what became of each segment: entries, exits, stays, who is in
outcomes.py     what being in a segment said of an event that came later
rows.py         rows of a table as lines, without making each one
histories.py    files of a history, by what they are: parquet.py, records.py (out of topics.py), lines
blocks.py       lines of a file together, and who they are about, without decoding them
survey.py       a look at a piece of a file before it is played: who its lines are about, and which ids go together
links.py        which ids have to do with each other
whose.py        which process a line is for, so that users who have to do with each other are in one
worker.py       one process: all blocks read, the lines of its users played
processes.py    several of them: they look through the history together, then each plays its own
report.py       what comes out, as JSON has it
unknown.py      what is not known, and said
page.py         the same as a page (page.html.j2, chart.py)
job.py          a backtest as a process of its own, which can be looked at and stopped (__main__.py)
jobs.py         those of a folder: so many at once, each kept for a while
"""
