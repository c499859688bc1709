"""What becomes of a change, and of what waits: the decisions about one user. READ FIRST.

Comes in: the messages, what is kept of the user (`Recipient`, which is changed in place), and a change or an instant.
Goes out: decisions, in order. No clock is read and nothing is sent here; the same comes of the same, always.

    a change begins a message   -> on hold for its delay, else tried
    a change ends it            -> what waits is withdrawn, what stands in the feed too where it is to be
    an instant comes            -> what waits is tried, what has expired goes

To try a message is to ask, in this order: is it expired? is it night where the user lives? is a cap reached? is the
user held out? can its text be made? The first that stands in the way decides; else it is sent. So a user who is held
out is one who would have got it at that moment, and both are counted alike by caps.
"""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from streams.core.changes import Change
from streams.core.instants import format_time
from streams.delivery.chance import is_held_out, variant_of
from streams.delivery.decision import Decision, Verdict, message_id
from streams.delivery.feed import Action, FeedMessage
from streams.delivery.merging import unite
from streams.delivery.message import Cap, Message, Messages, Trigger, rank
from streams.delivery.quiet import place_of
from streams.delivery.recipient import Applied, Cause, Recipient, Shown, Standing, Waiting
from streams.delivery.templates import Template, TemplateFailed

MOST_STANDING: Final = 100
"""A feed holds so many messages; the oldest goes for the newest."""
SETTLES_MS: Final = 10_000
"""What begins with a merge waits for what was sent to the other, which comes by another way."""


@dataclass(frozen=True)
class Decider:
    """About one user. timezone: the setting, for whoever has no trait `timezone`."""

    messages: Messages
    user: str
    recipient: Recipient
    timezone: str = "UTC"

    def change(self, change: Change, is_live: bool, now_ms: int) -> Iterator[Decision]:
        """What a change ends and begins. A repeat of one that was applied does neither."""
        if self.is_repeat(change):
            return
        self.recipient.applied[change.rule] = Applied(change.occurred_at, change.ordinal)
        if change.merged_into is not None:
            return  # she is in it still, as somebody else
        yield from self._end(change, now_ms)
        if not is_live:
            return
        for message in self.messages.about(change):
            trigger = message.trigger_met(change)
            if trigger is not None and message.is_live and (message.only is None or message.only(change.traits)):
                cause = _cause(change, trigger, change.occurred_at)
                if change.cause != "merge":
                    yield from self._begin(message, cause, now_ms)
                elif not self.recipient.has(message.name, cause.trigger):
                    yield from self._begin(message, cause, now_ms, now_ms + SETTLES_MS)

    def why_nothing(self, change: Change, is_live: bool) -> Iterator[tuple[str, str]]:
        """The messages that a change could have begun and did not, each with the reason: nothing is decided of them."""
        for message in self.messages.about(change):
            if message.trigger_met(change) is None:
                continue
            if not is_live:
                yield message.name, "the change was old news when it was noticed (live is false)"
            elif not message.is_live:
                yield message.name, "the message is off"
            elif message.only is not None and not message.only(change.traits):
                yield message.name, f"`only` does not hold: {message.only_text}"

    def send(self, message: Message, change: Change, now_ms: int) -> Iterator[Decision]:
        """The message to somebody who is in already, as if `change`, by which they came in, were now: once."""
        trigger = message.trigger_met(change) or message.on[0]
        if message.only is None or message.only(change.traits):
            yield from self._begin(message, _cause(change, trigger, now_ms), now_ms)

    def again(self, message: Message, change: Change, now_ms: int) -> Iterator[Decision]:
        """Once more, whatever was decided: no cap, no night and no expiry is in its way, and its time counts from now.

        What was in the feed once is not put there again; a user who is held out stays so.
        """
        cause = _cause(change, message.trigger_met(change) or message.on[0], now_ms)
        ids = {message_id(change.id, message.name, user) for user in (self.user, change.subject)}
        self.recipient.waiting = [
            each for each in self.recipient.waiting if (each.message, each.cause.change_id) != (message.name, change.id)
        ]
        if message.channel != "in_app" or all(each.id not in ids for each in self.recipient.shown):
            yield from self._show(message, cause, now_ms + message.expires_ms, now_ms)

    def come(self, until_ms: int, now_ms: int) -> Iterator[Decision]:
        """What was due by `until_ms`: changes up to then are known. It is decided as of now."""
        due = [each for each in self.recipient.waiting if each.due_at <= until_ms]
        for waiting in sorted(due, key=lambda each: (_rank(self.messages, each), each.cause.occurred_at)):
            self.recipient.waiting.remove(waiting)
            message = self.messages.by_name.get(waiting.message)
            if message is None or not message.is_live:
                yield self._gone(waiting, now_ms)
            else:
                yield from self._try(message, waiting.cause, now_ms)
        for standing in [each for each in self.recipient.standing if each.expires_at <= until_ms]:
            yield self._taken_out(standing, "expired", f"it expired at {format_time(standing.expires_at)}", now_ms)

    def take_in(
        self, gone: str, theirs: Recipient, at_ms: int, segments: Container[str], now_ms: int
    ) -> Iterator[Decision]:
        """What was kept of somebody who is this user by now, by a merge at `at_ms`. segments: she is in these."""
        for each, reason in unite(self.recipient, theirs, gone, at_ms, segments):
            if isinstance(each, Standing):
                yield self._taken_out(each, "withdrawn", reason, now_ms)
            elif each in self.recipient.waiting:
                self.recipient.waiting.remove(each)
                yield self._decision(each.message, each.cause, "withdrawn", reason, now_ms)
        while len(self.recipient.standing) > MOST_STANDING:
            yield self._make_room(now_ms)

    def forget(self, now_ms: int) -> None:
        """What no cap counts any longer, and decisions as old."""
        since_ms = now_ms - self.messages.remembered_ms
        self.recipient.shown = [each for each in self.recipient.shown if each.at > since_ms]
        decided = self.recipient.decided
        self.recipient.decided = {name: each for name, each in decided.items() if each.at > since_ms}

    # ------------------------------------------------------------------------------------- beginning and end

    def is_repeat(self, change: Change) -> bool:
        """A change is published at least once; those of one rule are in order."""
        newest = self.recipient.applied.get(change.rule)
        return newest is not None and (change.occurred_at, change.ordinal) <= (newest.occurred_at, newest.ordinal)

    def _end(self, change: Change, now_ms: int) -> Iterator[Decision]:
        reason = f"{_of(change)} at {format_time(change.occurred_at)}"
        for waiting in list(self.recipient.waiting):
            if Trigger.of(waiting.cause.trigger).is_ended_by(change):
                self.recipient.waiting.remove(waiting)
                yield self._decision(waiting.message, waiting.cause, "withdrawn", reason, now_ms)
        for standing in list(self.recipient.standing):
            if standing.withdraw and Trigger.of(standing.trigger).is_ended_by(change):
                yield self._taken_out(standing, "withdrawn", reason, now_ms)

    def _begin(self, message: Message, cause: Cause, now_ms: int, not_before_ms: int = 0) -> Iterator[Decision]:
        identity = message_id(cause.change_id, message.name, self.user)
        if any(each.id == identity for each in self.recipient.shown):
            return
        due_ms = cause.since + message.delay_ms
        if due_ms > now_ms:
            why = "its delay" if message.delay_ms else "the time of its change, which is ahead of our clock"
            yield self._hold(message, cause, max(due_ms, not_before_ms), why, now_ms)
        elif not_before_ms > now_ms:
            yield self._hold(message, cause, not_before_ms, "two users became one: has the other got it?", now_ms)
        else:
            yield from self._try(message, cause, now_ms)

    def _hold(self, message: Message, cause: Cause, due_ms: int, why: str, now_ms: int) -> Decision:
        self.recipient.waiting.append(Waiting(message.name, cause, due_ms))
        return self._decision(message.name, cause, "held", f"until {format_time(due_ms)}: {why}", now_ms)

    # ---------------------------------------------------------------------------------------------- one try

    def _try(self, message: Message, cause: Cause, now_ms: int) -> Iterator[Decision]:
        expires_ms = cause.since + message.expires_ms
        if now_ms >= expires_ms:
            reason = f"it expired at {format_time(expires_ms)}, before it could be sent"
            yield self._decision(message.name, cause, "expired", reason, now_ms)
        elif (ends_ms := self._quiet_until(message, cause, now_ms)) is not None:
            yield self._hold(message, cause, ends_ms, "quiet hours", now_ms)
        elif cap := self._reached(message, now_ms):
            yield self._decision(message.name, cause, "capped", cap, now_ms)
        else:
            yield from self._show(message, cause, expires_ms, now_ms)

    def _quiet_until(self, message: Message, cause: Cause, now_ms: int) -> int | None:
        if message.quiet is None or not message.may_disturb:
            return None
        return message.quiet.ends(now_ms, place_of(cause.traits.get("timezone"), self.timezone))

    def _reached(self, message: Message, now_ms: int) -> str:
        """The cap that is reached, in words, or nothing."""
        shared = self.messages.shared
        caps: list[tuple[str, Cap | None, list[Shown]]] = [
            (
                f"of {message.name}",
                message.cap,
                [each for each in self.recipient.shown if each.message == message.name],
            ),
            (
                f"of the group {message.group}",
                shared.groups.get(message.group or ""),
                [each for each in self.recipient.shown if each.group == message.group],
            ),
            ("of all messages", shared.all, self.recipient.shown),
        ]
        for of, cap, shown in caps:
            counted = [each.at for each in shown if cap is not None and each.at > now_ms - cap.within_ms]
            if cap is not None and len(counted) >= cap.most:
                free_ms = sorted(counted)[-cap.most] + cap.within_ms
                return f"the cap {of}, {cap.shown}, is reached until {format_time(free_ms)}"
        return ""

    def _show(self, message: Message, cause: Cause, expires_ms: int, now_ms: int) -> Iterator[Decision]:
        identity, group = message_id(cause.change_id, message.name, self.user), message.group or message.name
        salt = self.messages.shared.salt
        variant = variant_of(salt, message.name, self.user, sorted(message.content)) or None
        shown = Shown(now_ms, identity, message.name, message.group)
        if any(is_held_out(salt, group, user, message.holdout) for user in (self.user, *self.recipient.was)):
            self.recipient.shown.append(shown)
            reason = f"one of the {message.holdout * 100:.4g} % of users who are held out of {group}"
            yield self._decision(message.name, cause, "held_out", reason, now_ms, variant)
            return
        try:
            content = self._content(message, variant, cause, identity, expires_ms, now_ms)
        except TemplateFailed as failed:
            yield self._decision(message.name, cause, "failed", str(failed), now_ms, variant)
            return
        self.recipient.shown.append(shown)
        if message.channel == "in_app":
            yield from self._stand(message, cause, variant, identity, expires_ms, now_ms)
        reason = f"{cause.trigger} at {format_time(cause.occurred_at)}"
        yield self._decision(message.name, cause, "sent", reason, now_ms, variant, content)

    def _stand(
        self, message: Message, cause: Cause, variant: str | None, identity: str, expires_ms: int, now_ms: int
    ) -> Iterator[Decision]:
        """In the feed."""
        standing = self.recipient.standing
        if len(standing) >= MOST_STANDING:
            yield self._make_room(now_ms)
        standing.append(
            Standing(identity, message.name, cause.change_id, cause.trigger, message.withdraw, expires_ms, variant)
        )

    def _make_room(self, now_ms: int) -> Decision:
        oldest = self.recipient.standing[0]
        return self._taken_out(oldest, "expired", f"more than {MOST_STANDING} messages stood there", now_ms)

    def _content(
        self, message: Message, variant: str | None, cause: Cause, identity: str, expires_ms: int, now_ms: int
    ) -> FeedMessage:
        said = message.content[variant or ""]
        values = {
            "user_id": self.user,
            "segment": cause.segment,
            "previous": cause.previous,
            "rule": cause.rule,
        } | dict(cause.traits)
        label, href = _rendered("action.label", said.label, values), _rendered("action.href", said.href, values)
        return FeedMessage(
            id=identity,
            message=message.name,
            kind=message.kind,
            title=_rendered("title", said.title, values),
            created_at=now_ms,
            body=_rendered("body", said.body, values),
            variant=variant,
            action=Action(label, href) if href else None,
            pages=message.pages,
            priority=message.priority,
            data=message.data,
            segment=cause.segment,
            expires_at=expires_ms,
        )

    # -------------------------------------------------------------------------------------------- decisions

    def _decision(
        self,
        message: str,
        cause: Cause,
        verdict: Verdict,
        reason: str,
        now_ms: int,
        variant: str | None = None,
        content: FeedMessage | None = None,
    ) -> Decision:
        known = self.messages.by_name.get(message)
        return Decision(
            id=message_id(cause.change_id, message, self.user),
            message=message,
            channel=known.channel if known else "in_app",
            decision=verdict,
            reason=reason,
            change_id=cause.change_id,
            at=now_ms,
            variant=variant,
            content=content,
            endpoint=known.endpoint if known else None,
        )

    def _gone(self, waiting: Waiting, now_ms: int) -> Decision:
        reason = "there is no such message any more, or it is off"
        return self._decision(waiting.message, waiting.cause, "withdrawn", reason, now_ms)

    def _taken_out(self, standing: Standing, verdict: Verdict, reason: str, now_ms: int) -> Decision:
        self.recipient.standing.remove(standing)
        return Decision(
            id=standing.id,
            message=standing.message,
            channel="in_app",
            decision=verdict,
            reason=reason,
            change_id=standing.change_id,
            at=now_ms,
            variant=standing.variant,
        )


def _cause(change: Change, trigger: Trigger, since_ms: int) -> Cause:
    return Cause(
        change.id,
        str(trigger),
        change.rule,
        change.segment,
        change.previous,
        change.occurred_at,
        change.traits,
        since_ms,
    )


def _of(change: Change) -> str:
    if change.type == "segment.changed":
        return f"is now {change.segment}"
    return f"{'enters' if change.entered else 'leaves'} {change.segment}"


def _rank(messages: Messages, waiting: Waiting) -> tuple[int, str]:
    message = messages.by_name.get(waiting.message)
    return (0, waiting.message) if message is None else rank(message)


def _rendered(part: str, template: Template | None, values: Mapping[str, Any]) -> str:
    if template is None:
        return ""
    try:
        return template.render(values)
    except TemplateFailed as failed:
        raise TemplateFailed(f"{part}: {failed}") from failed
