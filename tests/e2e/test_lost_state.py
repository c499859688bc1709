"""Redis has lost all: it is made anew from the topics, or, where these do not reach back, not without being asked."""

import asyncio
import time

from streams.lifecycle.reach import how_far
from streams.testing import track
from tests.e2e.changes import told
from tests.e2e.histories import DAY_MS, NEWEST_MS, expected, history
from tests.e2e.pipeline import TIMELESS, Pipeline


def test_a_redis_that_lost_all_is_filled_again_from_the_topics(pipeline: Pipeline) -> None:
    records = history(users=50, events=2_000)
    wanted = expected(pipeline, records)
    pipeline.publish(records)
    with pipeline.steady_worker() as worker:
        told(pipeline, wanted)
        worker.stop()
    pipeline.lose_state()
    later = [track(user, "Report Viewed", NEWEST_MS + 50 * DAY_MS, f"late-{user}") for user in wanted]
    pipeline.publish(later)
    wanted = expected(pipeline, [*records, *later])
    with pipeline.steady_worker() as worker:
        worker.says("Redis has lost its state")
        worker.says("is made anew", times=4)
        assert told(pipeline, wanted) == wanted
        assert worker.stop() == 0
    once = pipeline.read("segment-changes", lambda seen: len(seen) >= sum(map(len, wanted.values())))
    assert len(once) == sum(map(len, wanted.values())), "what had been said was said again"


def test_a_worker_whose_redis_loses_all_reads_again_what_one_fetch_cannot_bring(pipeline: Pipeline) -> None:
    pipeline.use(TIMELESS)
    names = ("Export Created", "Signed In", "Signed In", "Export Created")  # each time in, or out again
    records = [track("ann", names[at % 4], NEWEST_MS + at, f"m-{at}", note="n" * 20_000) for at in range(200)]
    pipeline.publish(records)
    with pipeline.worker() as worker:
        told(pipeline, expected(pipeline, records))
        pipeline.lose_state()
        records.append(track("ann", "Export Created", NEWEST_MS + 200, "m-200"))
        pipeline.publish(records[-1:])
        worker.says("loading it again")
        wanted = expected(pipeline, records)
        assert told(pipeline, wanted) == wanted
        assert worker.stop() == 0


def test_where_the_topics_do_not_reach_back_to_the_beginning_a_lost_state_is_not_half_rebuilt(
    pipeline: Pipeline,
) -> None:
    before_ms = time.time_ns() // 1_000_000
    pipeline.publish([track("ann", "Report Viewed", NEWEST_MS, f"m-{n}") for n in range(3)])
    with pipeline.worker() as worker:
        (change, *_) = pipeline.read("segment-changes", lambda seen: len(seen) >= 3)
        worker.stop()
    pipeline.lose_state()
    pipeline.delete_records("product-events", change.partition, before=2)
    with pipeline.worker() as worker:
        assert worker.ended() == 1
    gone = f"topic {pipeline.settings.topic('product-events')}, partition {change.partition}: the records from offset 0"
    assert gone in worker.said()
    assert "--accept-partial-history" in worker.said()
    assert "Traceback" not in worker.said()
    with pipeline.worker(accept_partial_history="true") as worker:
        worker.says("going on without them")
        worker.says("loaded", times=4)
    reach = asyncio.run(how_far(pipeline.settings))
    assert not reach.unknown
    [(topic, since_ms)] = reach.topics.items()
    assert topic == pipeline.settings.topic("product-events")
    assert since_ms is not None
    assert before_ms <= since_ms <= time.time_ns() // 1_000_000, "that of the third record, which is still there"
    pipeline.delete_records("product-events", change.partition, before=3)
    assert asyncio.run(how_far(pipeline.settings)).topics == {topic: None}
