"""The judge of messages (docs/semantics.md#messages): hour by hour, from the plain list of what happened.

Comes in: messages, the changes of one user by the hour (their `occurred_at` is whole hours), and for how many hours.
Goes out: (hour, message, decision), in order.
"""

from collections.abc import Iterator, Sequence

from streams.core.changes import Change
from streams.core.instants import HOUR_MS
from streams.delivery.chance import is_held_out
from streams.delivery.message import Message, Messages

Said = tuple[int, str, str]


def judge(messages: Messages, changes: Sequence[tuple[Change, bool]], hours: int) -> list[Said]:
    """Quiet hours are those of UTC. No text fails here."""
    said: list[Said] = []
    open_: list[tuple[Message, Change, str, int]] = []  # what is begun and not ended: held until an hour, or sent
    for hour in range(hours + 1):
        for each in sorted(
            (each for each in open_ if each[2] == "held" and each[3] == hour),
            key=lambda each: (-each[0].priority, each[0].name, each[1].occurred_at),
        ):
            open_.remove(each)
            _try(messages, each[0], each[1], hour, said, open_)
        for each in [each for each in open_ if each[2] == "sent" and each[3] == hour]:
            open_.remove(each)
            said.append((hour, each[0].name, "expired"))
        for change, is_live in (each for each in changes if each[0].occurred_at == hour * HOUR_MS):
            for each in [each for each in open_ if _ended(each[0], each[1], change)]:
                if each[2] == "held" or each[0].withdraw:
                    open_.remove(each)
                    said.append((hour, each[0].name, "withdrawn"))
            for message in sorted(messages.messages, key=lambda each: (-each.priority, each.name)):
                if is_live and _begins(message, change):
                    if message.delay_ms:
                        open_.append((message, change, "held", hour + message.delay_ms // HOUR_MS))
                        said.append((hour, message.name, "held"))
                    else:
                        _try(messages, message, change, hour, said, open_)
    return said


def _try(
    messages: Messages,
    message: Message,
    change: Change,
    hour: int,
    said: list[Said],
    open_: list[tuple[Message, Change, str, int]],
) -> None:
    end = (change.occurred_at + message.expires_ms) // HOUR_MS
    quiet = message.quiet
    night = quiet is not None and _is_quiet(hour, quiet.from_minute // 60, quiet.to_minute // 60)
    if hour >= end:
        said.append((hour, message.name, "expired"))
    elif quiet is not None and night and message.may_disturb:
        morning = next(later for later in range(hour + 1, hour + 25) if later % 24 == quiet.to_minute // 60)
        open_.append((message, change, "held", morning))
        said.append((hour, message.name, "held"))
    elif any(_is_reached(messages, said, cap, which, hour) for cap, which in _caps(messages, message)):
        said.append((hour, message.name, "capped"))
    elif is_held_out(messages.shared.salt, message.group or message.name, change.subject, message.holdout):
        said.append((hour, message.name, "held_out"))
    else:
        open_.append((message, change, "sent", end))
        said.append((hour, message.name, "sent"))


def _is_quiet(hour: int, begin: int, end: int) -> bool:
    """By going from the beginning, hour by hour, until the end."""
    at = begin
    while at != end:
        if at == hour % 24:
            return True
        at = (at + 1) % 24
    return False


def _caps(messages: Messages, message: Message) -> Iterator[tuple[tuple[int, int], set[str]]]:
    """Each cap, as how many in how many hours, with the names of the messages that it counts."""
    names = {each.name for each in messages.messages}
    group = {each.name for each in messages.messages if each.group == message.group}
    for cap, which in (
        (message.cap, {message.name}),
        (messages.shared.groups.get(message.group or ""), group),
        (messages.shared.all, names),
    ):
        if cap is not None:
            yield (cap.most, cap.within_ms // HOUR_MS), which


def _is_reached(messages: Messages, said: list[Said], cap: tuple[int, int], which: set[str], hour: int) -> bool:
    most, within = cap
    counted = [
        each for each in said if each[1] in which and each[2] in ("sent", "held_out") and hour - each[0] < within
    ]
    return len(counted) >= most


def _begins(message: Message, change: Change) -> bool:
    return message.is_live and any(_is(trigger.verb, trigger.segment, change) for trigger in message.on)


def _ended(message: Message, began: Change, change: Change) -> bool:
    trigger = next(each for each in message.on if _is(each.verb, each.segment, began))
    opposite = "enters" if trigger.verb == "leaves" else "leaves"
    return _is(opposite, trigger.segment, change)


def _is(verb: str, segment: str, change: Change) -> bool:
    """Whether the change is somebody's entering, becoming or leaving."""
    if change.type == "segment.exited":
        return verb == "leaves" and change.segment == segment
    if change.segment == segment:
        return verb in ("enters", "becomes")
    return verb == "leaves" and change.previous == segment
