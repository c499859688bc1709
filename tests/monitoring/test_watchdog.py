"""A worker whose event loop does not move is ended; one that was merely stopped for a while is not."""

import threading

from streams.monitoring.watchdog import Watchdog


def watchdog(looks: int = 3) -> tuple[Watchdog, list[str]]:
    bitten: list[str] = []
    return Watchdog(bitten.append, looks), bitten


def test_it_bites_when_nothing_is_heard_for_so_many_looks() -> None:
    watched, bitten = watchdog()
    watched.beat()
    for _ in range(2):
        watched.look()
    assert bitten == []
    watched.look()
    assert len(bitten) == 1


def test_each_beat_keeps_it_quiet() -> None:
    watched, bitten = watchdog()
    for _ in range(20):
        watched.beat()
        watched.look()
        watched.look()
    assert bitten == []


def test_who_has_no_shards_may_be_as_silent_as_they_like() -> None:
    watched, bitten = watchdog()
    for _ in range(9):
        watched.look()
    watched.beat()
    watched.rest()
    for _ in range(9):
        watched.look()
    assert bitten == []


def test_it_says_where_the_main_thread_hangs() -> None:
    watched, bitten = watchdog(looks=1)
    watched.beat()
    watched.look()
    # Whoever looks is the main thread here.
    assert "monitoring/watchdog.py:" in bitten[0]


def test_it_looks_by_itself_from_a_thread_that_does_not_keep_the_process() -> None:
    watched, _ = watchdog()
    watched.start()
    threads = [each for each in threading.enumerate() if each.name == "watchdog"]
    assert threads
    assert all(each.daemon for each in threads)
