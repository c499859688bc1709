"""One message: what became of it, how somebody would see it, and why one person did, or did not, get it.

Comes in: the name of a message, and perhaps a user. Goes out: a `MessageView`, or `Unknown`; and the new version, where
it is switched on or off.
"""

import asyncio
from collections.abc import Mapping
from pathlib import PurePath

import msgspec

from streams.admin.homes import homes_of
from streams.admin.timeline import timeline
from streams.core.changes import OLD_NEWS, Change
from streams.core.instants import format_time
from streams.delivery.message import Message
from streams.delivery.recipient import Decided, Recipient
from streams.errors import Unknown, UsageError
from streams.lifecycle.applying import apply
from streams.lifecycle.checking import Checked, check_files
from streams.lifecycle.versions import Version, ahead
from streams.messagefiles.switching import State, switched
from streams.printable import printable
from streams.rulefiles.folder import messages_in
from streams.state.format import RECIPIENTS
from streams.web.views.changes import change_of
from streams.web.views.decisions import DecisionShown
from streams.web.views.drafts import unmoved
from streams.web.views.messages import MessageShown, message_shown, newest_decisions, outcomes_of
from streams.web.views.preview import PreviewShown, preview
from streams.web.views.times import Instant, told
from streams.web.views.window import Rules, Window

DECISIONS_SHOWN = 30


class WhyShown(msgspec.Struct, frozen=True, gc=False):
    """decision: the last one about the user, of 30 days; null where nothing was decided. why: the reason, in words."""

    user_id: str
    decision: str | None
    at: Instant | None
    why: str


class MessageView(msgspec.Struct, frozen=True, gc=False):
    """text: its file. base: the version of the rules that was applied last; 0 where nothing was ever applied.

    days: of each thing that became of it how often, on each of the last 30 days, the oldest first. why: of the user
    that was asked for; fault: why there is none, in words.
    """

    now: MessageShown
    text: str
    base: int
    days: Mapping[str, tuple[int, ...]]
    newest: tuple[DecisionShown, ...]
    preview: PreviewShown
    why: WhyShown | None
    fault: str


async def message(window: Window, name: str, user_id: str = "", variant: str = "") -> MessageView:
    rules, latest = await window.rules(), await window.latest()
    found = _called(rules, name)
    days = (await outcomes_of(window, [name]))[name]
    fault, why = "", None
    try:
        seen = await preview(window, found, user_id, variant)
        why = await _why(window, found, user_id) if user_id else None
    except Unknown as error:
        fault, seen = str(error), await preview(window, found, "", variant)
    newest = [each for each in window.decisions.newest if each.message == name]
    return MessageView(
        now=message_shown(found, {what: sum(each) for what, each in days.items()}),
        text=rules.files[_path(rules, name)],
        base=latest.version.number if latest.version else 0,
        days=days,
        newest=tuple(newest_decisions(newest, DECISIONS_SHOWN)),
        preview=seen,
        why=why,
        fault=fault,
    )


async def switch(window: Window, name: str, state: State, base: int, note: str, author: str) -> Version:
    """Switched on or off, as a new version of the rules. UsageError: somebody else applied something meanwhile.
    RuleError: with this state the rules have a fault, as where a live message waits for what is in shadow.

    It holds at once: where a version awaits its past, that is applied once more after it, with the same state."""
    rules, latest = await window.rules(), await window.latest()
    both = [await _switched(each, name, state) for each in ([rules] if latest is rules else [rules, latest])]
    after = await unmoved(window, base)
    waits = (await ahead(window.store.group)).awaited
    limit = waits.max_change if waits is not None else None
    for checked in both:
        at_ms = window.clock()
        group, why = window.store.group, note or f"{name}: {state}"
        after = await apply(group, checked, after=after, author=author, note=why, at_ms=at_ms, max_change=limit)
    window.look_again()
    assert after is not None
    return after


async def _switched(rules: Rules, name: str, state: State) -> Checked:
    _called(rules, name)
    path = _path(rules, name)
    files = {**rules.files, path: switched(rules.files[path], state)}
    checked = await asyncio.to_thread(check_files, files)
    if checked.messages.by_name[name].is_live is not (state == "live"):
        raise UsageError(f"{path} is not written so that it can be switched here: change its `state` by hand.")
    return checked


def _called(rules: Rules, name: str) -> Message:
    found = rules.messages.by_name.get(name)
    if found is None:
        raise Unknown(f"There is no message {printable(name)}.")
    return found


def _path(rules: Rules, name: str) -> str:
    return next(path for path in messages_in(rules.files) if PurePath(path).stem == name)


# ----------------------------------------------------------------------------------------------------- why, or why not


async def _why(window: Window, message: Message, user: str) -> WhyShown:
    decided = await _decided(window, message.name, user)
    if decided is not None:
        return WhyShown(user, decided.decision, told(decided.at), decided.reason)
    began = await _began(window, message, user)
    return WhyShown(user, None, None, _why_nothing(message, user, began, message.is_live))


async def _decided(window: Window, name: str, user: str) -> Decided | None:
    for shard in await homes_of(window.store, window.settings, user):
        raw = await window.store.deliveries.get(shard, RECIPIENTS, user)
        if raw is not None and (found := Recipient.decode(raw).decided.get(name)) is not None:
            return found
    return None


async def _began(window: Window, message: Message, user: str) -> Change | None:
    """The newest of the user's changes by which it would begin."""
    entries = await timeline(window.store, window.settings, user)
    changes = (change_of(user, each) for each in entries)
    return next((each for each in changes if message.trigger_met(each) is not None), None)


def _why_nothing(message: Message, user: str, began: Change | None, is_sent: bool) -> str:
    if began is None:
        wanted = " or ".join(map(str, message.on))
        return f"Nothing began it: of the changes that are kept of {printable(user)} none {wanted}."
    when = f"{message.trigger_met(began)} at {format_time(began.occurred_at)}"
    if not is_sent:
        return f"It is off. ({when})"
    if began.cause in OLD_NEWS:
        return f"It was old news: {when}, because of a change of rules."
    only = f" `only` ({message.only_text}) did not hold, or" if message.only_text else ""
    return f"{when}:{only} it was old news when it was noticed, or the message was not live yet."
