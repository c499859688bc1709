"""The schema of a command about a profile: for now, to erase one."""

from typing import Final

from streams.schemas.structs import TIME, Json, said, schema_of
from streams.sources.profile_commands import Command
from streams.sources.records import MAX_ID_CHARACTERS

FIELDS: Final[dict[str, Json]] = {
    "type": said("What is to be done.", type="string", const="erase"),
    "messageId": said("Of this command; the changes that follow from it bear it as their event_id."),
    "userId": said("Who is to be erased. Where it is absent, it is the record's key.", maxLength=MAX_ID_CHARACTERS),
    "timestamp": said("Up to when: what happens later begins a new profile. Where absent, as of the record.", **TIME),
}
EXAMPLE: Final = {"type": "erase", "userId": "u-1", "timestamp": "2026-11-28T09:00:00Z", "messageId": "erase-u-1"}


def schema() -> Json:
    made = schema_of(
        Command, "Profile command", "A user is to be erased. Send it to the user's partition, under their id.", FIELDS
    )
    return made | {"required": ["type"], "examples": [EXAMPLE]}
