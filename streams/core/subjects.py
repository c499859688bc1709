"""Whoever a profile is about, and what that kind of subject is called wherever something is said of one.

A further kind is a further value here: the engine itself only knows subjects.
"""

from typing import NamedTuple


class SubjectKind(NamedTuple):
    """name: as changes bear it. id_field: of the JSON that is published. memberships: the compacted topic.
    members_key, profile_key: parts of the names of Redis keys, `..:<members_key>:<segment>`, `..:<profile_key>:<id>`.
    """

    name: str
    id_field: str
    memberships: str
    members_key: str
    profile_key: str


USER = SubjectKind("user", "user_id", "segment-memberships", "members", "user")
KINDS = (USER,)
