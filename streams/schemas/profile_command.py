"""The schema of a command about profiles: to erase one, or to make two of them one."""

from typing import Final

from streams.schemas.structs import TIME, Json, said, schema_of
from streams.sources.profile_commands import TYPES, Command
from streams.sources.records import MAX_ID_CHARACTERS

FIELDS: Final[dict[str, Json]] = {
    "type": said("What is to be done; `merged`: what a worker did.", type="string", enum=list(TYPES)),
    "messageId": said("Of this command; the changes that follow from it bear it as their event_id."),
    "userId": said(
        "Who is to be erased, or is the other user from then on. Where it is absent, it is the record's key.",
        maxLength=MAX_ID_CHARACTERS,
    ),
    "into": said("Of a merge: who stays, with all that was kept of both.", minLength=1, maxLength=MAX_ID_CHARACTERS),
    "of": said("Of an erasure that a worker wrote down: the erased user whose alias it is, and no user's own id."),
    "since": said(
        "Of a merge that was done, as a worker wrote it down: by input, the offset from which on what bears the"
        " user's id is the other's."
    ),
    "erased": said("Of such a merge: up to when the user had been erased before it.", **TIME),
    "timestamp": said("Up to when to erase, or when the two became one. Where absent, as of the record.", **TIME),
}
EXAMPLES: Final = [
    {"type": "erase", "userId": "u-1", "timestamp": "2026-11-28T09:00:00Z", "messageId": "erase-u-1"},
    {"type": "merge", "userId": "u-2", "into": "u-1", "timestamp": "2026-11-28T09:00:00Z", "messageId": "merge-u-2"},
]


def schema() -> Json:
    made = schema_of(
        Command,
        "Profile command",
        "A user is to be erased, or to be merged into another. Send it to the user's partition, under their id.",
        FIELDS,
    )
    merging: Json = {"if": {"properties": {"type": {"enum": ["merge", "merged"]}}}, "then": {"required": ["into"]}}
    return made | {"required": ["type"], **merging, "examples": EXAMPLES}
