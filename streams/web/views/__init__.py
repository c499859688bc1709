"""What the pages and the API show, worked out of what is stored: the same for both.

    window.py    READ FIRST: what is looked through, the stores, the rules and the time
    overview.py  every segment and tier: how large, how it developed, what is unwell
    counts.py    how large segments are and were
    behind.py    how far workers are behind
    segment.py   one rule: its text, its segments, who is in them
    moves.py     from which level of a tier users go to which
    conditions.py  who fulfils each condition of a rule; stays.py: how long people stay
    counting.py  what takes a while to be counted
    user.py      one user: where, why, since when, what next
    drafts.py    a rule as somebody writes it; limits.py: how much of a segment it may move
    words.py     what can stand in a rule, for the page to offer
    backtests.py  what a rule would have done over a history: begun, looked at, stopped
    board.py     the backtests of all machines that serve
    versions.py  those of the rulebook; awaited.py: one that awaits its past
    messages.py  what became of each; message.py: of one, and why not; preview.py: as somebody would see it
    decisions.py  what was decided about a user; received.py: all that is known of one user's
    tail.py      the newest records of a topic, in memory
    changes.py   the newest changes, in words
    dead_letters.py  records that could not be used; mended.py: sent again
    times.py     instants, as all of it bears them

Goes out: msgspec structs, from which the API's JSON and its description are made, and which pages draw. Private values
are masked here, so that nothing that is drawn from it can show them.
"""
