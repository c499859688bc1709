"""A self-serve SaaS company, simulated: what `segmenter dev` publishes.

Comes in: how many users, a seed, the instant to begin at. Goes out: `Sent` records in time order, without end:
sign-ups, daily habits, trials that convert or lapse, payments that fail and recover, people who fade, who go
silent while they pay, and who come back. The same seed gives the same company.

A day of the company, in order: moods change, people visit, they pay, new ones sign up.
"""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate, count
from operator import attrgetter
from random import Random
from typing import NamedTuple

from streams.core.instants import DAY_MS, HOUR_MS, format_time
from streams.demo.people import MONDAY, NEVER_MS, PLANS, Person, Stage, new_person
from streams.topics import BILLING_UPDATES, PRODUCT_EVENTS

Record = dict[str, object]

TRIAL_MS = 14 * DAY_MS
MONTH_MS = 30 * DAY_MS
RETRY_MS = 3 * DAY_MS
RETRIES = 3

SIGN_UPS_A_DAY = 0.004  # of the opening population
GOES_SILENT = 0.010  # chances a day, of a paying user
FADES = 0.006
RECOVERS = 0.05
CHANGES_PLAN = 0.09  # chances a payment
PAYMENT_FAILS = 0.10
RETRY_FAILS = 0.45

ACTIONS = {
    "Report Viewed": 8,
    "Dashboard Opened": 6,
    "Report Created": 4,
    "Search Performed": 4,
    "Comment Added": 3,
    "File Exported": 3,
    "Feature Used": 6,
    "Invite Sent": 1,
    "Integration Connected": 1,
    "Pricing Viewed": 1,
    "Support Ticket Opened": 1,
    "Survey Answered": 1,
}
ACTION_NAMES, ACTION_WEIGHTS = list(ACTIONS), list(accumulate(ACTIONS.values()))
SOURCES = ("ads", "referral", "search")
FORMATS = ("pdf", "csv", "xlsx")
FEATURES = ("reports", "export", "sharing", "alerts", "api", "templates")
PRIORITIES = ("low", "normal", "high")
FINISHES_ONBOARDING = 0.5  # the chance in a first visit


class Sent(NamedTuple):
    """One record: when it happened, its topic by name, its user (the record's key) and its body."""

    at_ms: int
    topic: str
    user: str
    record: Record


class Company:
    """`users` people at the opening, at midnight (UTC) of the day of `start_ms`; then new ones every day."""

    def __init__(self, users: int, start_ms: int, seed: int = 1):
        self._random = Random(seed)
        self._message_ids = (f"sim-{seed}-{n}" for n in count(1))
        self._start_ms = start_ms - start_ms % DAY_MS
        self._opening_users = users
        self._people = [self._opening_person(number) for number in range(1, users + 1)]

    def records(self) -> Iterator[Sent]:
        """Everything that ever happens, in time order."""
        # A visit may go on after midnight: what is late waits its turn.
        waiting = [sent for person in self._people for sent in self._joins(person, self._start_ms)]
        for day_ms in count(self._start_ms, DAY_MS):
            waiting.extend(self._day(day_ms))
            waiting.sort(key=attrgetter("at_ms"))
            end = bisect_left(waiting, day_ms + DAY_MS, key=attrgetter("at_ms"))
            yield from waiting[:end]
            del waiting[:end]

    def _day(self, day_ms: int) -> Iterator[Sent]:
        for person in self._people:
            self._changes_mood(person, day_ms)
            if person.shows_up(day_ms, self._random):
                yield from self._visits(person, person.arrives_ms(day_ms, self._random))
            if day_ms // DAY_MS % 7 == MONDAY and person.stage is not Stage.GONE:
                yield self._track(person, day_ms + 6 * HOUR_MS, "Email Delivered", {"campaign": "weekly-digest"})
            while person.due_ms < day_ms + DAY_MS:
                yield from self._pays(person, person.due_ms)
        yield from self._sign_ups(day_ms)

    # Who they are

    def _opening_person(self, number: int) -> Person:
        stage = self._random.choices((Stage.PAYING, Stage.TRIAL, Stage.GONE), (75, 10, 15))[0]
        within_ms = {Stage.PAYING: MONTH_MS, Stage.TRIAL: TRIAL_MS, Stage.GONE: 3 * MONTH_MS}[stage]
        person = new_person(number, stage, self._start_ms + self._random.randrange(DAY_MS, within_ms), self._random)
        if stage is Stage.TRIAL:
            self._tries(person)
        return person

    def _joins(self, person: Person, at_ms: int) -> Iterator[Sent]:
        context = {"locale": person.locale, "ip": "203.0.113.7"}
        yield self._product(person, at_ms, {"type": "identify", "traits": person.traits(), "context": context})
        yield self._product(person, at_ms, {"type": "group", "groupId": person.company_id})
        if person.stage is Stage.TRIAL:
            yield self._bills(person, at_ms, "Trial Started", status="trialing", trial_end=format_time(person.due_ms))
        elif person.stage is Stage.PAYING:
            yield self._starts(person, at_ms)

    def _sign_ups(self, day_ms: int) -> Iterator[Sent]:
        expected = SIGN_UPS_A_DAY * self._opening_users
        for _ in range(round(self._random.gauss(expected, expected**0.5))):
            person = new_person(len(self._people) + 1, Stage.TRIAL, 0, self._random)
            self._tries(person)
            at_ms = person.arrives_ms(day_ms, self._random)
            person.due_ms = at_ms + TRIAL_MS
            self._people.append(person)
            yield self._track(person, at_ms, "Signed Up", {"source": self._random.choice(SOURCES)})
            yield from self._joins(person, at_ms)
            yield from self._visits(person, at_ms)
            if self._random.random() < FINISHES_ONBOARDING:
                yield self._track(person, at_ms + HOUR_MS, "Onboarding Completed", {})

    def _tries(self, person: Person) -> None:
        """Six of ten who try mean it; the others sign up and forget."""
        person.keenness = 1.0 if self._random.random() < 0.6 else 0.06

    # What they do

    def _changes_mood(self, person: Person, day_ms: int) -> None:
        """Paying people go silent from one day to the next, or fade; most come back, some cancel instead."""
        if person.stage is not Stage.PAYING or day_ms < person.away_until_ms:
            return
        if person.fading:
            person.fading = self._random.random() > RECOVERS
            person.keenness = person.keenness * 0.85 if person.fading else 1.0
            if person.keenness < 0.05:
                person.failures, person.due_ms = RETRIES, day_ms + 12 * HOUR_MS
        elif self._random.random() < GOES_SILENT:
            person.away_until_ms = day_ms + self._random.randrange(7, 45) * DAY_MS
            if self._random.random() < 0.25:
                person.failures, person.due_ms = RETRIES, person.away_until_ms
        else:
            person.fading = self._random.random() < FADES

    def _visits(self, person: Person, at_ms: int) -> Iterator[Sent]:
        yield self._track(person, at_ms, "Signed In", {"method": "password"})
        for _ in range(self._random.randint(1, 2 * person.habit.actions - 1)):
            at_ms += self._random.randrange(5_000, 600_000)
            name = self._random.choices(ACTION_NAMES, cum_weights=ACTION_WEIGHTS)[0]
            yield self._track(person, at_ms, name, self._details(name))

    def _details(self, name: str) -> Record:
        draw = self._random
        match name:
            case "File Exported":
                return {"format": draw.choice(FORMATS), "rows": draw.randrange(10, 20_000)}
            case "Feature Used":
                return {"feature": draw.choice(FEATURES)}
            case "Support Ticket Opened":
                return {"priority": draw.choice(PRIORITIES), "topic": draw.choice(FEATURES)}
            case "Survey Answered":
                return {"survey": "nps", "score": min(10, max(0, round(draw.gauss(8, 2))))}
            case _:
                return {"seconds": draw.randrange(1, 300)}

    # What they pay

    def _pays(self, person: Person, at_ms: int) -> Iterator[Sent]:
        if person.stage is Stage.TRIAL:
            yield from self._ends_trial(person, at_ms)
        elif person.stage is Stage.GONE:
            person.keenness, person.fading, person.due_ms = 1.0, False, at_ms + MONTH_MS
            yield self._starts(person, at_ms)
            yield from self._visits(person, at_ms)
        elif person.failures >= RETRIES:
            yield self._cancels(person, at_ms)
        else:
            yield from self._charges(person, at_ms)

    def _ends_trial(self, person: Person, at_ms: int) -> Iterator[Sent]:
        converts = self._random.random() < 0.7 * person.keenness
        yield self._bills(person, at_ms, "Trial Ended", converted=converts)
        if converts:
            person.due_ms = at_ms + MONTH_MS
            yield self._starts(person, at_ms)
            yield self._bills(person, at_ms, "Invoice Paid", amount=PLANS[person.plan])
        else:
            yield self._cancels(person, at_ms)

    def _charges(self, person: Person, at_ms: int) -> Iterator[Sent]:
        price, again = PLANS[person.plan], person.failures > 0
        if self._random.random() < (RETRY_FAILS if again else PAYMENT_FAILS):
            person.failures, person.due_ms = person.failures + 1, at_ms + RETRY_MS
            yield self._bills(person, at_ms, "Payment Failed", amount=price, reason="card_declined")
            if not again:
                yield self._bills(person, at_ms, "Subscription Updated", status="past_due")
            return
        person.failures, person.due_ms = 0, at_ms + MONTH_MS
        yield self._bills(person, at_ms, "Invoice Paid", amount=price)
        if again:
            yield self._bills(person, at_ms, "Subscription Updated", status="active")
        elif self._random.random() < CHANGES_PLAN:
            person.plan = self._random.choice([plan for plan in PLANS if plan != person.plan])
            yield self._bills(person, at_ms, "Subscription Updated", plan=person.plan, mrr=PLANS[person.plan])

    def _starts(self, person: Person, at_ms: int) -> Sent:
        person.stage = Stage.PAYING
        return self._bills(
            person, at_ms, "Subscription Started", status="active", plan=person.plan, mrr=PLANS[person.plan]
        )

    def _cancels(self, person: Person, at_ms: int) -> Sent:
        """Gone for now: every second comes back within the next months."""
        comes_back = self._random.random() < 0.5
        person.stage, person.failures = Stage.GONE, 0
        person.due_ms = at_ms + self._random.randrange(25, 80) * DAY_MS if comes_back else NEVER_MS
        return self._bills(person, at_ms, "Subscription Cancelled", status="canceled", mrr=0.0)

    # How it is written down

    def _track(self, person: Person, at_ms: int, name: str, properties: Record) -> Sent:
        return self._product(person, at_ms, {"type": "track", "event": name, "properties": properties})

    def _product(self, person: Person, at_ms: int, body: Record) -> Sent:
        return Sent(at_ms, PRODUCT_EVENTS.name, person.user, self._stamped(person, at_ms, body))

    def _bills(self, person: Person, at_ms: int, name: str, **properties: object) -> Sent:
        body: Record = {"type": "billing", "event": name, "properties": {**properties, "currency": "USD"}}
        return Sent(at_ms, BILLING_UPDATES.name, person.user, self._stamped(person, at_ms, body))

    def _stamped(self, person: Person, at_ms: int, body: Record) -> Record:
        stamp: Record = {"messageId": next(self._message_ids), "userId": person.user, "timestamp": format_time(at_ms)}
        return body | stamp
