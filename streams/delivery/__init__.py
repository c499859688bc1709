"""From changes to messages: **pure**. Changes and the time go in, decisions come out.

decider.py    READ FIRST: what becomes of a change, and of what waits
message.py    what a message is once its file is checked, and what all of them share
decision.py   what was decided about a message and a user, with the reason
outcomes.py   what became of messages, counted by the day
recipient.py  what is kept of a user: what was sent, what waits, what stands in the feed
merging.py    what was kept of a user who is another by now becomes the other's
quiet.py      the hours in which nobody is disturbed
chance.py     who is held out, and who gets which variant, by hashes
templates.py  texts with what the change carries put in, in a sandbox
feed.py       a user's feed: what stands in it, what came since, what its user did
webhook.py    what is posted to an endpoint, how it is signed, and when it is tried again; queue.py: what waits to be
rehearsal.py  all of it at once, on the changes of a history
"""
