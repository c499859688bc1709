"""What is asked of a running group, beside its events: a user looked up, the rules taken stock of, a user erased.

lookup.py      where a user is looked up: in what workers have stored, or in files
inventory.py   what is live, by the rule files and by what workers have stored
commanding.py  commands about users, given to the owners of shards
erasure.py     all that is kept of a user, removed
merging.py     two users made one
mending.py     records that could not be used, published again; advice.py: what to do about them
"""
