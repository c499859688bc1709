"""The webhooks of a shard: what waits to be posted, and what a step makes of that.

Comes in: changes and messages that go to endpoints, outcomes of attempts. Goes out: what is to be stored, and with the
step's decisions what became of each. The queue changes when a step is stored, never before.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import cast

from streams.core.instants import format_time
from streams.delivery.decision import Decision, Verdict
from streams.delivery.queue import WebhookQueue
from streams.delivery.webhook import Endpoint, Outcome, Queued, message_body, webhooks_of
from streams.dispatch.step import Step
from streams.outputs.change import Noticed
from streams.outputs.delivery import message_record
from streams.state.format import WEBHOOKS
from streams.state.store import Write


class Webhooks:
    """count: how many there ever were, by which they are numbered. stored: those that wait, by number."""

    def __init__(self, count: int = 0, stored: Mapping[int, bytes] = {}):
        self.count = count
        self.queue = WebhookQueue()
        for number, raw in sorted(stored.items()):
            self.queue.add(number, Queued.decode(raw))

    # ------------------------------------------------------------------------------------------- in a step

    def add_change(self, step: Step, endpoints: Iterable[Endpoint], noticed: Noticed, now_ms: int) -> None:
        """To every endpoint that wants it."""
        for endpoint in endpoints:
            if endpoint.wants(noticed.change, noticed.is_live is True):
                for webhook in _of_change(endpoint, noticed, now_ms):
                    self._add(step, webhook)

    def add_messages(self, step: Step) -> None:
        """Those that were decided to be sent to an endpoint; that they were is told once they are there."""
        for user, decision in step.decisions:
            if decision.channel == "webhook" and decision.content is not None and decision.endpoint is not None:
                body = message_body(decision.at, message_record(user, decision))
                named = decision.message, decision.variant, decision.change_id
                self._add(step, Queued(decision.endpoint, user, decision.id, body, *named, decision.at))

    def add_again(self, step: Step, endpoint: Endpoint, noticed: Noticed, now_ms: int) -> None:
        """A change that it got before, or never got; where it still waits to be tried, that is now."""
        waiting = {(each.endpoint, each.id): number for number, each in self._of_user(noticed.change.subject)}
        for webhook in _of_change(endpoint, noticed, now_ms):
            number = waiting.get((webhook.endpoint, webhook.id))
            if number is None:
                self._add(step, webhook)
            else:
                step.settled[number] = webhook

    def settle(self, step: Step, outcome: Outcome) -> None:
        """What became of an attempt: it is there, or is tried again, or never gets there."""
        webhook = self.queue.get(outcome.number)
        if webhook is None or outcome.number in step.settled:
            return
        again = None if outcome.is_done or outcome.is_final else webhook.again(outcome.at_ms, outcome.retry_after_ms)
        step.settled[outcome.number] = again
        step.decisions.append((webhook.user, _decision(webhook, outcome, again)))

    def forget(self, step: Step, user: str) -> None:
        """The command to erase goes before the changes by which the user leaves: those are still posted."""
        step.settled |= dict.fromkeys(self.queue.of_user(user))
        for number in [number for number, webhook in step.queued.items() if webhook.user == user]:
            step.settled[number] = None

    def _of_user(self, user: str) -> Iterator[tuple[int, Queued]]:
        for number in self.queue.of_user(user):
            if (waiting := self.queue.get(number)) is not None:
                yield number, waiting

    def _add(self, step: Step, webhook: Queued) -> None:
        step.queued[self.count + len(step.queued)] = webhook

    # ------------------------------------------------------------------------------------------ stored with it

    @staticmethod
    def write(step: Step) -> Write[int, bytes]:
        kept = {number: again for number, again in step.settled.items() if again is not None}
        kept |= {number: webhook for number, webhook in step.queued.items() if number not in step.settled}
        gone = [number for number, again in step.settled.items() if again is None and number not in step.queued]
        return Write(WEBHOOKS, [(number, webhook.encode()) for number, webhook in kept.items()], drop=gone)

    def saved(self, count: int, write: Write[int, bytes]) -> None:
        """In the queue, as it is stored."""
        self.count = count
        for number in cast(Sequence[int], write.drop):
            self.queue.settle(number, None)
        for number, raw in write.put:
            if self.queue.get(number) is None:
                self.queue.add(number, Queued.decode(raw))
            else:
                self.queue.settle(number, Queued.decode(raw))


def _of_change(endpoint: Endpoint, noticed: Noticed, now_ms: int) -> Iterator[Queued]:
    change = noticed.change
    for identity, body in webhooks_of(endpoint, change, noticed.raw):
        yield Queued(endpoint.name, change.subject, identity, body, None, None, change.id, now_ms)


def _decision(webhook: Queued, outcome: Outcome, again: Queued | None) -> Decision:
    verdict: Verdict = "sent" if outcome.is_done else "failed" if again is None else "held"
    reason = outcome.said if again is None else f"{outcome.said}; again at {format_time(again.due_at)}"
    return Decision(
        id=webhook.id,
        message=webhook.message,
        channel="webhook",
        decision=verdict,
        reason=reason,
        change_id=webhook.change_id,
        at=outcome.at_ms,
        variant=webhook.variant,
        attempt=webhook.attempt,
        endpoint=webhook.endpoint,
    )
