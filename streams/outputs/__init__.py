"""What we say to others, each written and read in one place; in which field and topic, the kind of subject decides.

change.py         a change as JSON, and back
membership.py     where a subject stands, as JSON and back; as other programs read it in Redis, too
delivery.py       what was decided about a message; a message that goes by way of Kafka
timeline.py       a user's newest changes, as they are kept
dead_letter.py    a record that cannot be used, with the reason and where it stood
cloudevents.py    the headers of a change
messages.py       all of these as messages of one worker; records.py: what those about subjects have in common
change_stream.py  the topic of changes, as it is written
wording.py        a change in words, for people who watch
"""
