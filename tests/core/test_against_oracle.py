"""The compiled engine against the naive judge: random rules over random histories, cut and interrupted anywhere."""

import os
from collections.abc import Collection, Iterable, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.batch import Batch
from streams.core.changes import Change
from streams.core.events import Event
from streams.core.expressions import parse_condition
from streams.core.features import DAY_MS
from streams.core.rules import Rulebook, Segment
from streams.core.shard import ROOM_FOR_FLIPS, Shard
from streams.core.tree import Condition
from tests import strategies as made
from tests.oracle import Expected, Reason, judge

EXAMPLES = 60 if os.environ.get("NUMBA_DISABLE_JIT", "0") == "0" else 20
offsets = st.sampled_from(made.OFFSETS_MS)
checked = settings(max_examples=EXAMPLES, deadline=None)

Changes = dict[str, list[Expected]]


@checked
@given(made.conditions(segments=("other",)))
def test_the_parser_reads_what_the_rules_were_written_as(written: made.Written[Condition]) -> None:
    assert parse_condition(written.text) == written.node


@checked
@given(made.rulebooks(), made.arrivals(), offsets)
def test_the_engine_reports_what_the_judge_expects(
    rulebook: Rulebook, arrivals: list[Event | int], offset_ms: int
) -> None:
    assert run(rulebook, arrivals, offset_ms) == owed(rulebook, arrivals, offset_ms)


@checked
@given(made.rulebooks(most=2), made.histories(most=60, user=st.just("ann")), offsets)
def test_a_long_history_of_one_user_is_judged_alike(rulebook: Rulebook, events: list[Event], offset_ms: int) -> None:
    assert run(rulebook, events, offset_ms) == owed(rulebook, events, offset_ms)


@checked
@given(made.histories(most=40, user=st.just("ann"), at=made.few_moments))
def test_traits_and_subscriptions_are_known_alike_whatever_the_order_of_arrival(events: list[Event]) -> None:
    asked = [f"missing({trait})" for trait in made.TRAITS] + [
        "beta",
        "paying",
        "seats >= 1",
        "mrr < 49.99",
        "mrr < 100",
    ]
    asked += [f'{trait} == "{text}"' for trait in ("plan", "subscription.status") for text in made.TEXTS]
    asked += [f'count("{name}") >= {times}' for name in made.DERIVED_NAMES for times in (1, 2)]
    rulebook = one_rule_each(asked, include=made.TRAITS)
    assert run(rulebook, events) == owed(rulebook, events, 0)


@checked
@given(st.lists(st.integers(0, 20), min_size=40, max_size=80))
def test_exactly_the_last_sixteen_ids_are_remembered(ids: list[int]) -> None:
    events = [
        Event("ann", made.START_MS + place, "Signed In", True, f"m-{number}", {}, {})
        for place, number in enumerate(ids)
    ]
    rulebook = one_rule_each([f"count(any) >= {times}" for times in range(1, 81)])
    assert run(rulebook, events) == owed(rulebook, events, 0)


def one_rule_each(conditions: Sequence[str], include: tuple[str, ...] = ()) -> Rulebook:
    return Rulebook(
        tuple(Segment(f"{number:03}", parse_condition(text), include=include) for number, text in enumerate(conditions))
    )


@checked
@given(made.rulebooks(), made.arrivals(), st.data())
def test_any_cut_into_batches_and_any_ticks_give_the_same_changes(
    rulebook: Rulebook, arrivals: list[Event | int], data: st.DataObject
) -> None:
    cuts = data.draw(st.lists(st.booleans(), min_size=len(arrivals), max_size=len(arrivals)), "cuts")
    pieces: list[Event | int] = []
    for index, arrival in enumerate(arrivals):
        if cuts[index]:
            pieces.append(time_that_has_come(arrivals[:index], arrivals[index:]))
        pieces.append(arrival)
    assert run(rulebook, pieces, tick_limit=1) == run(rulebook, arrivals)


def time_that_has_come(before: Sequence[Event | int], after: Sequence[Event | int]) -> int:
    """As far as was told before, or as all that follows will let it pass anyway."""
    told = max((item for item in before if isinstance(item, int)), default=0)
    return max(told, min(item.ts if isinstance(item, Event) else item for item in after))


@checked
@given(made.rulebooks(), made.histories())
def test_how_users_are_interleaved_does_not_matter(rulebook: Rulebook, events: list[Event]) -> None:
    one_by_one: list[Event] = sorted(events, key=lambda event: event.user)
    assert run(rulebook, one_by_one) == run(rulebook, events)


@checked
@given(made.rulebooks(), made.arrivals(), st.data())
def test_a_snapshot_and_a_reload_at_any_point_change_nothing(
    rulebook: Rulebook, arrivals: list[Event | int], data: st.DataObject
) -> None:
    reloads = data.draw(st.sets(st.integers(0, len(arrivals)), max_size=4), "reloads")
    assert run(rulebook, arrivals, reloads=reloads) == run(rulebook, arrivals)


@checked
@given(made.rulebooks(most=2), made.segments("rule-extra", ["rule-a"]), made.histories(), st.data())
def test_a_rule_that_comes_and_goes_leaves_the_others_alone(
    rulebook: Rulebook, extra: Segment, events: list[Event], data: st.DataObject
) -> None:
    events = sorted(events, key=lambda event: event.ts)
    places = st.integers(1, max(1, len(events)))
    first, second = sorted(data.draw(st.tuples(places, places), "when it comes and goes"))
    engine = Engine(rulebook)
    engine.live_through(events[:first])
    engine.save_and_reload(Rulebook((*rulebook.segments, extra)))
    engine.live_through(events[first:second])
    engine.save_and_reload(rulebook)
    engine.live_through(events[second:])
    engine.pass_time(made.END_MS)
    assert without("rule-extra", engine.reported) == without("rule-extra", owed(rulebook, events, 0))


def without(name: str, reported: Changes) -> Changes:
    """The changes of all other rules, and these as if `name` were none."""
    others = {user: [change for change in changes if change.rule != name] for user, changes in reported.items()}
    return {user: [aside(name, change) for change in changes] for user, changes in others.items() if changes}


def aside(name: str, change: Expected) -> Expected:
    return change._replace(segments=tuple(segment for segment in change.segments if segment != name))


def test_a_crowd_is_judged_alike_though_its_changes_do_not_fit_in_one_go() -> None:
    rulebook = one_rule_each(['count("Signed In", days=1) >= 1', "idle_days >= 1", "tenure_days < 2"])
    sign_ins = [(day * DAY_MS + user * 1000, f"u-{user}") for day in (1, 3, 4, 8) for user in range(200)]
    arrivals = [Event(user, made.START_MS + at, "Signed In", True, None, {}, {}) for at, user in sign_ins]
    found = run(rulebook, arrivals)
    assert found == owed(rulebook, arrivals, 0)
    assert sum(map(len, found.values())) > 2 * ROOM_FOR_FLIPS


class Engine:
    """A shard, what it reported so far, and what it has saved."""

    def __init__(self, rulebook: Rulebook, offset_ms: int = 0, tick_limit: int = 10_000):
        self.offset_ms = offset_ms
        self.tick_limit = tick_limit
        self.shard = Shard(rulebook, utc_offset_ms=offset_ms)
        self.rows: dict[str, bytes] = {}
        self.documents: dict[str, bytes] = {}
        self.reported: Changes = {}

    def apply(self, events: Sequence[Event]) -> None:
        self.report(self.shard.step(Batch.of(events)))

    def pass_time(self, now_ms: int) -> None:
        self.report(self.shard.tick(now_ms, self.tick_limit))
        while self.shard.due <= now_ms:
            self.report(self.shard.tick(now_ms, self.tick_limit))

    def live_through(self, events: Sequence[Event]) -> None:
        self.apply(events)
        self.pass_time(max((event.ts for event in events), default=made.START_MS))

    def save_and_reload(self, rulebook: Rulebook) -> None:
        dirty = self.shard.take_dirty()
        self.rows.update(dirty.rows)
        self.documents.update(dirty.documents)
        head, rows = self.shard.head(), list(self.rows.items())
        self.shard = Shard.restore(rulebook, head, rows, self.documents, self.offset_ms)
        while self.shard.is_stale:
            self.report(self.shard.renew())

    def report(self, changes: Iterable[Change]) -> None:
        for change in changes:
            self.reported.setdefault(change.user, []).append(as_expected(change))


def run(
    rulebook: Rulebook,
    arrivals: Sequence[Event | int],
    offset_ms: int = 0,
    reloads: Collection[int] = (),
    tick_limit: int = 10_000,
) -> Changes:
    """The changes by user, with everything between two ticks or reloads in one batch."""
    engine = Engine(rulebook, offset_ms, tick_limit)
    batch: list[Event] = []
    for index, arrival in enumerate([*arrivals, made.END_MS]):
        if isinstance(arrival, int) or index in reloads:
            engine.apply(batch)
            batch = []
        if index in reloads:
            engine.save_and_reload(rulebook)
        if isinstance(arrival, int):
            engine.pass_time(arrival)
        else:
            batch.append(arrival)
    return engine.reported


def owed(rulebook: Rulebook, arrivals: Sequence[Event | int], offset_ms: int) -> Changes:
    return {user: changes for user, changes in judge(rulebook, arrivals, made.END_MS, offset_ms).items() if changes}


def as_expected(change: Change) -> Expected:
    return Expected(
        user=change.user,
        rule=change.rule,
        entered=change.entered,
        occurred_at=change.occurred_at,
        cause=change.cause,
        event_id=change.event_id,
        ordinal=change.ordinal,
        because=tuple(Reason(r.condition, r.value, r.was, r.now) for r in change.because),
        segments=tuple(change.segments),
        traits={name: value for name, value in change.traits.items() if value is not None},
    )
