"""Whose a record is, and which aliases it bears.

Comes in: what a record says of ids. Goes out: the user, or the alias where no user is named; and the links that follow.
"""

from collections.abc import Mapping
from typing import NamedTuple

from streams.core.events import Value
from streams.core.links import How, Identity, Link, Linking, Unlinked
from streams.sources.options import Nobody
from streams.sources.records import MAX_ID_CHARACTERS, Unusable, checked_id, find_user, read_id

NO_LINKS: tuple[Link, ...] = ()


class Subject(NamedTuple):
    """id: the user's; where none is named, the alias."""

    id: str
    identity: Identity | None


def find_subject(
    user_id: str | None,
    anonymous_id: str | None,
    key: bytes | None,
    nobody: Nobody,
    links: tuple[Link, ...] = NO_LINKS,
) -> Subject:
    """links: what else the record says of its user."""
    if anonymous_id is None or nobody.lacks(anonymous_id):
        return Subject(find_user(user_id, key, nobody), Linking(links) if links else None)
    if user_id is None or nobody.lacks(user_id):
        return Subject(checked_id(anonymous_id, "`anonymousId`"), Unlinked(links))
    return Subject(checked_id(user_id), linking(user_id, anonymous_id, links))


def linking(user: str, anonymous_id: str, links: tuple[Link, ...] = NO_LINKS) -> Linking | None:
    """Of a record that bears both ids. What is too long for an id, or already among the links, links nothing more."""
    is_new = anonymous_id != user and all(link.alias != anonymous_id for link in links)
    if is_new and len(anonymous_id) <= MAX_ID_CHARACTERS:
        links = (*links, Link(anonymous_id, How.ANONYMOUS))
    return Linking(links) if links else None


def links_of_alias(previous_id: object, user_id: str | None, nobody: Nobody) -> tuple[Link, ...]:
    """What an `alias` record says of its user. Unusable: it says that a user is itself."""
    previous = read_id("previousId", previous_id)
    if previous is None or nobody.lacks(previous):
        return NO_LINKS
    if previous == user_id:
        raise Unusable("alias_of_itself", "`previousId` and `userId` are the same: there is nothing to link")
    return (Link(checked_id(previous, "`previousId`"), How.ALIAS),)


def links_of_traits(traits: Mapping[str, Value], names: frozenset[str], nobody: Nobody) -> tuple[Link, ...]:
    """Of the traits that are ids of the user elsewhere (setting link_traits)."""
    found = [traits.get(name) for name in sorted(names)]
    ids = dict.fromkeys(each for each in found if isinstance(each, str) and not nobody.lacks(each))
    return tuple(Link(each, How.TRAIT) for each in ids if len(each) <= MAX_ID_CHARACTERS)
