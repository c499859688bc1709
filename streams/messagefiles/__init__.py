"""Message files: the folder `messages` of rules to the messages that are sent, or every fault with its place.

forms      the forms of the files: a message, what all of them share
endpoints  who gets webhooks
reading    one message, held against the rules that it is about
folder     all of them
switching  one of them switched on or off, as somebody wrote it otherwise
schema     the forms as a JSON Schema, for editors

The YAML, the places of faults and the near misses are those of rule files (`streams.rulefiles`).
"""

from streams.messagefiles.folder import load_message_files, load_messages, parse_messages

__all__ = ["load_message_files", "load_messages", "parse_messages"]
