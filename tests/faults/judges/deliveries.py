"""What `segmenter deliver` made of the changes of those for whom each is known: no message lost, none that nobody asked
for, each once in a feed, and webhooks in each user's order.

A webhook or a record may come again, where whoever brought it died before it knew; it bears the same id and says the
same. That is all that is promised, and so what is looked for.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, TypeVar

from streams.delivery.decision import message_id
from tests.e2e.pipeline import Seen
from tests.faults.judges.verdict import Verdict
from tests.faults.stream import Change, Known
from tests.faults.told import Told

MESSAGES: Final = {
    "hello": "on: enters payer\ntitle: Hello\nwithdraw: true\nexpires: 365d",
    "bye": "on: leaves exporter\nchannel: kafka\ntitle: Bye\nexpires: 365d",
}
POSTED: Final = ("payer", "quiet")
"""The segments of which the endpoint gets each change."""


Key = TypeVar("Key", bound=Hashable)


class Decided(NamedTuple):
    """message: None of a change that is posted. id: the message's, or then the change's."""

    user: str
    message: str | None
    id: str
    decision: str


def decisions_for(wanted: Known) -> Iterator[Decided]:
    """All that must be made."""
    for user, changes in wanted.items():
        open_: Change | None = None
        for change in changes:
            match change["segment"], change["type"]:
                case "payer", "segment.entered":
                    open_ = change
                    yield Decided(user, "hello", message_id(change["id"], "hello", user), "sent")
                case "payer", "segment.exited" if open_ is not None:
                    yield Decided(user, "hello", message_id(open_["id"], "hello", user), "withdrawn")
                case "exporter", "segment.exited":
                    yield Decided(user, "bye", message_id(change["id"], "bye", user), "sent")
            if change["segment"] in POSTED:
                yield Decided(user, None, change["id"], "sent")


def standing_for(changes: Sequence[Change]) -> set[str]:
    """The ids of the messages that stand in a user's feed after these changes."""
    last = [change for change in changes if change["segment"] == "payer"][-1:]
    entered = (change for change in last if change["type"] == "segment.entered")
    return {message_id(change["id"], "hello", change["user_id"]) for change in entered}


def judge_deliveries(verdict: Verdict, told: Told, wanted: Known, erased: Iterable[str], lost: bool) -> None:
    """wanted: the changes of all whose changes are known. lost: whether Redis has lost something: then the same may be
    decided once more, at another time."""
    _judge_decisions(verdict, told.decisions, wanted, lost)
    byes = {each.id for each in decisions_for(wanted) if each.message == "bye"}
    sent = _once(verdict, told.messages, wanted, lambda one: one.json["id"], "messages that differ", lost)
    _compare(verdict, "messages", sent.keys(), byes)
    for user in (*wanted, *erased):
        if (found := told.feeds.get(user, set())) != (must := standing_for(wanted.get(user, ()))):
            verdict.blame("feeds that are wrong", (user, found, must))
    _judge_webhooks(verdict, told, wanted, lost)


def _judge_decisions(verdict: Verdict, seen: Sequence[Seen], wanted: Known, lost: bool) -> None:
    """That a webhook did not get through is told, too, and is nobody's fault."""
    about = [one for one in seen if one.json["decision"] != "held"]
    once = _once(verdict, about, wanted, _decided, "decisions that differ", lost)
    _compare(verdict, "decisions", once.keys(), set(decisions_for(wanted)))


def _decided(one: Seen) -> Decided:
    said = one.json
    return Decided(said["user_id"], said["message"], said["id"], said["decision"])


def _once(
    verdict: Verdict, seen: Sequence[Seen], wanted: Known, key: Callable[[Seen], Key], differ: str, lost: bool
) -> Mapping[Key, Seen]:
    """Each of the users whom we know, and that repeats say the same."""
    first: dict[Key, Seen] = {}
    for one in (each for each in seen if each.json["user_id"] in wanted):
        if first.setdefault(key(one), one).value != one.value and not lost:
            verdict.blame(differ, (one, first[key(one)]))
    return first


def _compare(verdict: Verdict, what: str, found: Iterable[Key], must: set[Key]) -> None:
    for missing in must - (there := set(found)):
        verdict.blame(f"{what} that are missing", missing)
    for added in there - must:
        verdict.blame(f"{what} that nobody asked for", added)


def _judge_webhooks(verdict: Verdict, told: Told, wanted: Known, lost: bool) -> None:
    must = {user: [each["id"] for each in changes if each["segment"] in POSTED] for user, changes in wanted.items()}
    came: dict[str, dict[str, bytes]] = {}
    again = 0
    for webhook in told.webhooks:
        of_user = came.setdefault(webhook.change["user_id"], {})
        again += webhook.id in of_user
        if of_user.setdefault(webhook.id, webhook.body) != webhook.body and not lost:
            verdict.blame("webhooks that differ", (webhook, of_user[webhook.id]))
        if webhook.id != webhook.change["id"]:
            verdict.blame("webhooks under another id", webhook)
    for user, ids in must.items():
        found = list(came.get(user, ()))
        _compare(verdict, "webhooks", found, set(ids))
        if set(found) == set(ids) and found != ids:
            verdict.blame("webhooks out of order", (user, found, ids))
    verdict.counts |= {"webhooks": len(told.webhooks), "of them again": again}
