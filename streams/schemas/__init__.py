"""JSON Schemas of what goes in and what comes out, and an AsyncAPI document of the topics, made from the code.

structs.py          a schema from the struct that a record is decoded to, or written as
product_event.py    a product event in the Segment spec
billing_update.py   a billing update in the plain form
profile_command.py  a command to erase a user, or to make two users one
change.py           a change
membership.py       where a subject stands
delivery.py         a decision about a message, and a message that goes by way of Kafka
asyncapi.py         the topics: which of these they have, their keys and headers, which are compacted
files.py            all of them as files; `python -m streams.schemas FOLDER` writes them

Producers hold their records against them before they send, and consumers make types of them. What a decoder takes, its
schema takes, but for what is put right on the way (`streams.sources.mending`); what it refuses, its schema refuses as
far as a schema can tell: not that there is no such day, or that an id names nobody.
"""
