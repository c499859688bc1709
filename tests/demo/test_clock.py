"""The clock that several processes read."""

import multiprocessing

from streams.demo.clock import SharedClock

CONTEXT = multiprocessing.get_context("spawn")


def test_it_stands_until_it_is_told_and_never_goes_back() -> None:
    clock = SharedClock(1_000, CONTEXT)
    assert clock() == 1_000
    clock.advance(5_000)
    clock.advance(3_000)
    assert clock() == 5_000


def test_another_process_reads_the_same_time() -> None:
    clock, answer = SharedClock(1_000, CONTEXT), CONTEXT.SimpleQueue()
    clock.advance(7_000)
    process = CONTEXT.Process(target=_tell, args=(clock, answer))
    process.start()
    assert answer.get() == 7_000
    process.join()
    answer.close()


def _tell(clock: SharedClock, answer: "multiprocessing.queues.SimpleQueue[int]") -> None:
    answer.put(clock())
