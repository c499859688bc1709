"""Where shards stand, by what is seen of them: nobody sleeps while nothing runs, and nobody is woken for nothing."""

from typing import Any

import pytest

from streams.monitoring.health import (
    HELD_BACK_AFTER_S,
    LOADED_WITHIN_S,
    STUCK_AFTER_S,
    UNHEALTHY_AFTER_S,
    Cause,
    Health,
    Observer,
    Obstacle,
    Seen,
    ShardHealth,
    State,
)

NO_REDIS = Obstacle(Cause.REDIS, "Redis at cache:6379 does not answer: connection refused")
NO_KAFKA = Obstacle(Cause.KAFKA, "Kafka at kafka:9092 does not answer within 5 s")


def seen(**said: Any) -> Seen:
    """A shard that rests, but for what is said."""
    rests: dict[str, Any] = {"shard": 3, "is_loaded": True, "progress": 1, "behind": {}, "has_work": False}
    return Seen(**rests | said)


def after(seconds: float, *looks: Seen) -> ShardHealth:
    """How the shard stands when the last look comes so long after the ones before."""
    observer = Observer()
    for look in looks[:-1]:
        observer.look([look], True, 100.0)
    [found] = observer.look([looks[-1]], True, 100.0 + seconds).shards
    return found


def looked_at(*looks: tuple[Seen, float]) -> list[ShardHealth]:
    """How the shard stands at each of these looks."""
    observer = Observer()
    return [found for look, at in looks for found in observer.look([look], True, at).shards]


def told(*shards: ShardHealth, **more: Any) -> str:
    return str(Health(shards, has_joined=True, **more))


def test_a_shard_that_has_nothing_to_do_has_caught_up_for_as_long_as_you_like() -> None:
    found = after(9_999, seen(), seen())
    assert (found.state, found.is_failing) == (State.CAUGHT_UP, False)
    assert told(found) == "caught up"


def test_it_is_said_how_many_profiles_rules_that_were_applied_have_yet_to_be_evaluated_for() -> None:
    found = after(1, seen(has_work=True), seen(has_work=True, progress=2, unevaluated=12_000))
    assert told(found) == "12,000 profiles to evaluate under other rules, shard 3 at work"


def test_a_shard_that_is_not_loaded_has_not_caught_up() -> None:
    found = after(0, seen(is_loaded=False, progress=None))
    assert found.state is State.LOADING
    assert told(found, after(0, seen())) == "shard 3 loading"
    assert not Health([found], has_joined=True).is_ready


def test_a_worker_without_shards_has_not_caught_up() -> None:
    assert told(waiting="waits to be given shards") == "waits to be given shards"
    assert not Health().is_ready
    assert Health(has_joined=True).is_ready  # there are more workers than shards


def test_records_that_the_broker_has_are_told_by_topic() -> None:
    behind = after(0, seen(behind={"product-events": 1_200, "billing-updates": 0}))
    assert behind.state is State.BEHIND
    assert told(behind, behind) == "2,400 behind in product-events"


def test_who_works_off_deadlines_or_writes_a_checkpoint_has_not_caught_up() -> None:
    assert told(after(0, seen(has_work=True))) == "shard 3 at work"


@pytest.mark.parametrize("obstacle", [NO_REDIS, NO_KAFKA])
def test_who_waits_says_for_what_and_fails_the_check_after_a_while_but_is_never_stuck(obstacle: Obstacle) -> None:
    waiting = seen(obstacle=obstacle)
    at_once, later = after(0, waiting), after(9_999, waiting, waiting)
    assert (at_once.state, at_once.is_failing) == (State.WAITING, False)
    assert (later.state, later.is_failing) == (State.WAITING, True)
    assert told(at_once) == f"shard 3 waiting: {obstacle.why}"


@pytest.mark.parametrize("obstacle", [NO_REDIS, NO_KAFKA])
def test_what_is_read_while_nothing_can_be_stored_or_told_is_no_move(obstacle: Obstacle) -> None:
    waiting = [seen(obstacle=obstacle, progress=step) for step in range(2)]
    found = after(UNHEALTHY_AFTER_S, *waiting)
    assert (found.state, found.still_s, found.is_failing) == (State.WAITING, UNHEALTHY_AFTER_S, True)


@pytest.mark.parametrize("waits", [{"obstacle": NO_KAFKA}, {"held_back": ["product-events"]}])
def test_who_waited_for_long_has_a_minute_to_move_once_it_is_over(waits: dict[str, Any]) -> None:
    kept, free, moved = seen(has_work=True, **waits), seen(has_work=True), seen(has_work=True, progress=2)
    *_, back, soon, late = looked_at((kept, 0.0), (kept, 500.0), (free, 501.0), (free, 559.0), (free, 560.0))
    assert [each.state for each in (back, soon, late)] == [State.BEHIND, State.BEHIND, State.STUCK]
    assert back.is_failing  # it has not moved yet, and says so
    assert looked_at((kept, 0.0), (kept, 500.0), (free, 501.0), (moved, 502.0))[-1].still_s == 0.0


def test_who_waits_while_it_loads_is_not_stuck_either() -> None:
    loading = seen(is_loaded=False, progress=None, obstacle=NO_REDIS)
    found = after(LOADED_WITHIN_S + 1, loading, loading)
    assert found.state is State.WAITING
    assert not Health([found], has_joined=True).is_ready


def test_records_held_back_by_an_open_transaction_are_told_of_once_it_has_lasted() -> None:
    held = seen(behind={"product-events": 40}, held_back=["product-events"])
    assert after(0, held).state is State.BEHIND
    found = after(HELD_BACK_AFTER_S, held, held)
    assert found.state is State.WAITING
    assert found.obstacle is not None
    assert found.obstacle.cause is Cause.TRANSACTION
    assert "transaction is open in product-events" in told(found)


def test_what_is_held_back_stands_still_though_deadlines_come_and_other_inputs_are_read() -> None:
    looks = [seen(behind={"product-events": 40}, held_back=["product-events"], progress=step) for step in range(2)]
    assert after(UNHEALTHY_AFTER_S, *looks).is_failing


def test_a_transaction_that_ends_and_another_one_do_not_add_up() -> None:
    held, free = seen(held_back=["product-events"]), seen()
    [*_, found] = looked_at((held, 0.0), (free, 3.0), (held, HELD_BACK_AFTER_S))
    assert found.state is not State.WAITING


@pytest.mark.parametrize("work", [{"behind": {"product-events": 1}}, {"has_work": True}])
def test_who_has_something_to_do_and_does_not_move_fails_the_check_and_then_is_stuck(work: dict[str, Any]) -> None:
    still = seen(**work)
    assert not after(UNHEALTHY_AFTER_S - 1, still, still).is_failing
    assert after(UNHEALTHY_AFTER_S, still, still).is_failing
    assert after(STUCK_AFTER_S - 1, still, still).state is State.BEHIND
    found = after(STUCK_AFTER_S, still, still)
    assert (found.state, found.why) == (State.STUCK, "nothing has moved for 60 s")


def test_who_moves_is_never_stuck_however_much_there_is_to_do() -> None:
    looks = [seen(behind={"product-events": 9}, progress=step) for step in range(2)]
    assert after(9_999, *looks).state is State.BEHIND


def test_who_rested_for_long_has_a_minute_from_when_there_is_something_to_do() -> None:
    [*_, found] = looked_at((seen(), 0.0), (seen(), 500.0), (seen(has_work=True), 501.0))
    assert (found.state, found.still_s) == (State.BEHIND, 1.0)


def test_a_shard_that_takes_long_to_load_is_well_until_it_takes_too_long() -> None:
    loading = seen(is_loaded=False, progress=None)
    assert not after(LOADED_WITHIN_S - 1, loading, loading).is_failing
    assert after(LOADED_WITHIN_S, loading, loading).state is State.STUCK


def test_a_shard_that_was_let_go_begins_anew_when_it_is_back() -> None:
    observer, still = Observer(), seen(has_work=True)
    for shards, at in (([still], 0.0), ([], 30.0), ([still], 59.0)):
        observer.look(shards, True, at)
    [found] = observer.look([still], True, 61.0).shards
    assert found.still_s == 2.0


def test_shards_that_stand_alike_are_told_together() -> None:
    shards = [after(0, seen(shard=number, is_loaded=number > 1)) for number in range(3)]
    assert told(*shards) == "shards 0, 1 loading"
    assert Health(shards).states == {**dict.fromkeys(State, 0), State.LOADING: 2, State.CAUGHT_UP: 1}


def test_who_waits_to_be_given_shards_says_for_how_long_over_all_times_that_its_group_took() -> None:
    observer = Observer()
    looks = [(False, 10.0), (False, 40.0), (True, 41.0), (False, 100.0), (False, 250.0)]
    found = [observer.look([], has_joined, at) for has_joined, at in looks]
    assert [each.unjoined_s for each in found] == [0.0, 30.0, 0.0, 0.0, 150.0]
    assert str(found[-1]) == "waits to be given shards"
