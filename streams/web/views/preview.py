"""A message as somebody would see it: with the values that a change of theirs would carry.

Comes in: a message, and a user. Goes out: a `PreviewShown`, by the code that makes what is sent. What is private is
masked, also where the message would show it to the user herself.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import msgspec

from streams.admin.homes import homes_of
from streams.core.changes import Change, Type
from streams.core.engine.privacy import MASKED, is_private
from streams.core.profiles.document import Document
from streams.core.rules.rulebook import Grouping
from streams.delivery.decider import Decider
from streams.delivery.message import Content, Message, Messages, Trigger
from streams.delivery.recipient import Recipient
from streams.delivery.templates import Template
from streams.errors import Unknown
from streams.printable import printable
from streams.web.views.window import Window

TYPES: Final[Mapping[str, Type]] = {
    "enters": "segment.entered",
    "leaves": "segment.exited",
    "becomes": "segment.changed",
}


class PreviewShown(msgspec.Struct, frozen=True, gc=False):
    """user_id: null where nobody is known whom it would go to: then the texts are as the file has them.

    fault: why no text can be made for this user; often empty. variant, variants: of a message that has several.
    """

    user_id: str | None
    variant: str | None
    variants: tuple[str, ...]
    title: str
    body: str
    label: str
    href: str
    fault: str = ""


async def preview(window: Window, message: Message, user_id: str, variant: str) -> PreviewShown:
    """user_id: empty for whoever its change was about of late. variant: empty for that user's own. Unknown: there is no
    such user."""
    rules = await window.rules()
    variants = tuple(sorted(name for name in message.content if name))
    user = user_id or _lately(window, message)
    if variant not in variants:
        variant = ""
    if user is None:
        chosen = variant or next(iter(variants), "")
        return PreviewShown(None, chosen or None, variants, *_as_written(message.content[chosen]))
    rule = next(each for each in rules.rulebook.groupings if message.on[0].segment in each.segments)
    change = _change(user, rule, message.on[0], await _traits(window, user, rule), window.clock())
    return _rendered(rules.messages, message, variant, change, variants)


def _lately(window: Window, message: Message) -> str | None:
    """Whom a change that begins the message was about last."""
    wanted = {(TYPES[trigger.verb], trigger.segment) for trigger in message.on}
    return next((each.user_id for each in window.changes.newest if (each.type, each.segment) in wanted), None)


def _as_written(content: Content) -> tuple[str, str, str, str]:
    def text(template: Template | None) -> str:
        return "" if template is None else template.source

    return text(content.title), text(content.body), text(content.label), text(content.href)


async def _traits(window: Window, user: str, rule: Grouping) -> dict[str, Any]:
    for shard in await homes_of(window.store, window.settings, user):
        profile = await window.store.shards.profile(shard, user)
        if profile is not None:
            document = Document.decode(profile.document) if profile.document else Document()
            found = document.read_all(rule.include)
            private = window.settings.private_traits
            return {
                name: MASKED if is_private(name, private) else value
                for name, value in found.items()
                if value is not None
            }
    raise Unknown(f"Nobody called {printable(user)} is known to the group {window.settings.group}.")


def _change(user: str, rule: Grouping, trigger: Trigger, traits: Mapping[str, Any], now_ms: int) -> Change:
    """That would begin it now."""
    return Change(
        subject=user,
        rule=rule.name,
        type=TYPES[trigger.verb],
        segment=trigger.segment,
        previous=None,
        occurred_at=now_ms,
        cause="event",
        event_id=None,
        ordinal=1,
        rule_version=rule.version,
        because=(),
        segments=(),
        traits=traits,
    )


def _rendered(
    messages: Messages, message: Message, variant: str, change: Change, variants: tuple[str, ...]
) -> PreviewShown:
    content = {variant: message.content[variant]} if variant else message.content
    shown = replace(message, holdout=0.0, content=content, channel="in_app")
    decider = Decider(replace(messages, messages=(shown,)), change.subject, Recipient())
    *_, decision = decider.again(shown, change, change.occurred_at)
    its = decision.variant if variants else None
    if decision.content is None:
        return PreviewShown(change.subject, its, variants, *_as_written(content[its or ""]), decision.reason)
    said = decision.content
    label, href = (said.action.label, said.action.href) if said.action else ("", "")
    return PreviewShown(change.subject, its, variants, said.title, said.body, label, href)
