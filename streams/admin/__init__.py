"""What is asked of a running group, beside its events: a user looked up, the rules taken stock of, a user erased.

rules_in_force.py  the rules that a group runs by
homes.py           in which shards a user may be
lookup.py          where a user is looked up: in what workers have stored, or in files
timeline.py        what became of a user of late
members.py         who is in a segment; members_csv.py: as CSV;
                   sorting.py: in order, however many they are
links.py           aliases: whose they are, and which links were refused
inventory.py       what is live, by the rule files and by what workers have stored
commanding.py      commands about users, given to the owners of shards
erasure.py         all that is kept of a user, removed
reports.py         what backtests found, which names users
merging.py         two users made one; mergeable.py: whether they can be
deliveries.py      what was decided about a user's messages; endpoints tried, and let in again
sending.py         a message for those who are in its segment already; sending_again.py: one delivery once more
mending.py         records that could not be used, published again; advice.py: what to do about them
"""
