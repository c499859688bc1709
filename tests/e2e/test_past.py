"""A rule that reads what was not kept before, applied to running workers on real servers: it comes in with its past."""

import asyncio
import re
from collections import Counter
from typing import Any, Final

from streams.kafka.publisher import home_partition
from streams.state.format import past_room
from streams.state.opening import opened_store
from streams.testing import identify, to_bytes, track
from tests.e2e.histories import NEWEST_MS, actions
from tests.e2e.pipeline import PARTITIONS, TIMELESS, Pipeline, Seen, until
from tests.e2e.rules_applied import rules, until_members_are, wanted


def rooms(pipeline: Pipeline) -> int:
    """Of how many shards a past is kept."""

    async def found() -> int:
        async with opened_store(pipeline.settings) as store:
            beside = store.shards.beside(past_room(2))
            return sum([await beside.progress(shard) is not None for shard in range(PARTITIONS)])

    return asyncio.run(found())


GUESTS: Final = 20
ALL_GUESTS: Final = {f"guest-{n}" for n in range(GUESTS)}
NEW: Final = ("printer", "brought")  # rules that guests are in by what they did before they said who they are


def exported_before_they_said_who_they_are() -> list[tuple[str, str, bytes]]:
    """Of each guest an export under the id of a device, which an ad brought, and then whose that is."""
    exports = [track(None, "Export Created", NEWEST_MS, f"e-{n}", format="pdf") for n in range(GUESTS)]
    brought = {"context": {"campaign": {"source": "ad"}}}
    return [
        *(
            ("product-events", f"d-{n}", to_bytes(each | brought | {"anonymousId": f"d-{n}"}))
            for n, each in enumerate(exports)
        ),
        *(
            ("product-events", f"guest-{n}", to_bytes(identify(f"guest-{n}", NEWEST_MS) | {"anonymousId": f"d-{n}"}))
            for n in range(GUESTS)
        ),
    ]


def with_guests(those: dict[str, set[str]], *also_in: str) -> dict[str, set[str]]:
    """They are in `more-exports`, and in what else is named."""
    return those | {segment: those.get(segment, set()) | ALL_GUESTS for segment in ("more-exports", *also_in)}


def test_rules_that_read_what_was_not_kept_come_in_with_their_past_though_a_worker_dies_of_making_it(
    pipeline: Pipeline,
) -> None:
    pipeline.use({"more-exports": TIMELESS["more-exports"]})
    records = actions(users=200, events=6_000)
    pipeline.publish(records[:4_000])
    with pipeline.worker() as first, pipeline.worker() as second:
        first.says("loaded", times=2)
        second.says("loaded", times=2)
        pipeline.publish_raw(exported_before_they_said_who_they_are())
        until_members_are(pipeline, with_guests(wanted(pipeline, records[:4_000])), first, second)
        pipeline.use(
            {
                "more-exports": TIMELESS["more-exports"],
                "reader": 'enter: count("Report Viewed") >= 8',
                "printer": """enter: 'count(event("Export Created", where=properties.format == "pdf")) >= 1'""",
                "brought": """enter: 'context.campaign.source == "ad"'""",
            }
        )
        said = rules(pipeline, "apply", "--yes", "--note", "who reads")
        assert "Version 2 awaits its past" in said
        first.says("past under version 2 - is made from the input topics")
        first.kill()
        until_members_are(pipeline, with_guests(wanted(pipeline, records[:4_000]), *NEW), first, second)
        pipeline.publish(records[4_000:])
        until_members_are(pipeline, with_guests(wanted(pipeline, records), *NEW), first, second)
        until(lambda: rooms(pipeline), 0, second.said)  # what nobody needs any more is not kept
        assert "Traceback" not in second.said()
        until(lambda: "reader: segment, live" in rules(pipeline), True, second.said)
        counts = Counter(record["userId"] for record in records[:4_000] if record["event"] == "Report Viewed")
        readers = {user: count for user, count in counts.items() if count >= 8}
        number = len(readers) + len(NEW) * GUESTS
        seen = pipeline.read("segment-changes", lambda seen: len({each["id"] for each in told(seen)}) >= number)
    assert of_change(seen, "reader") == readers
    for rule in NEW:
        assert set(of_change(seen, rule)) == ALL_GUESTS
    assert not any(each["live"] for each in told(seen))


def test_rules_that_are_applied_to_a_redis_that_was_just_emptied_follow_what_ran(pipeline: Pipeline) -> None:
    pipeline.use({"more-exports": TIMELESS["more-exports"]})
    records = actions(users=40, events=800)
    pipeline.publish(records)
    with pipeline.worker() as worker:
        until_members_are(pipeline, wanted(pipeline, records), worker)
        pipeline.use({"more-exports": TIMELESS["more-exports"], "reader": 'enter: count("Report Viewed") >= 4'})
        worker.freeze()
        pipeline.lose_state()
        assert "Version 1 is live" in rules(pipeline, "apply", "--yes", "--note", "who reads")
        worker.thaw()
        worker.says("applied version 1; that is version 2 now, and follows version 1, which runs here")
        worker.says("takes over version 2 of the rules")
        until_members_are(pipeline, wanted(pipeline, records), worker)
        _, newest, first = rules(pipeline, "history").splitlines()
        assert "who reads" in newest
        assert "the folder with which the first worker began" in first
        assert "Traceback" not in worker.said()


def test_where_topics_do_not_reach_back_rules_begin_with_what_is_there_as_was_said_beforehand(
    pipeline: Pipeline,
) -> None:
    pipeline.use({"more-exports": TIMELESS["more-exports"]})
    records = actions(users=40, events=800)
    pipeline.publish(records)
    by_shard = [[it for it in records if home_partition(it["userId"], PARTITIONS) == n] for n in range(PARTITIONS)]
    with pipeline.worker() as worker:
        until_members_are(pipeline, wanted(pipeline, records), worker)
        for shard, each in enumerate(by_shard[1:], 1):
            pipeline.delete_records("product-events", shard, before=len(each) // 2)
        left = [*by_shard[0], *(record for each in by_shard[1:] for record in each[len(each) // 2 :])]
        pipeline.use(
            {
                "more-exports": TIMELESS["more-exports"],
                "reader": 'enter: count("Report Viewed") >= 4',
                "lately": 'enter: count("Report Viewed", days=90) >= 1000000',
            }
        )
        said = " ".join(rules(pipeline, "apply", "--yes", "--note", "who reads").split())
        assert f"Topic {pipeline.settings.topic('product-events')} has what came since" in said
        assert 'reader: count("Report Viewed") has what came since' in said
        (whole_on,) = re.findall(r"its window is whole on (\w+ \d+ \w+) .*?, and lately is warming until then", said)
        counts = Counter(record["userId"] for record in left if record["event"] == "Report Viewed")
        readers = {user: count for user, count in counts.items() if count >= 4}
        until_members_are(pipeline, wanted(pipeline, records) | {"reader": set(readers)}, worker)
        until(lambda: "reader: segment, live" in rules(pipeline), True, worker.said)
        assert f"lately: segment, warming until {whole_on} " in rules(pipeline)
        seen = pipeline.read("segment-changes", lambda seen: len(of_change(seen, "reader")) >= len(readers))
    assert of_change(seen, "reader") == readers
    assert {each["rule"] for each in told(seen)} == {"reader"}


def told(seen: list[Seen]) -> list[dict[str, Any]]:
    """What came of other rules than before."""
    return [one.json for one in seen if one.json["cause"] == "rule_change"]


def of_change(seen: list[Seen], rule: str) -> dict[str, Any]:
    """By user, what was counted of whom a rule has entered that is another than before."""
    return {each["user_id"]: each["because"][0]["value"] for each in told(seen) if each["rule"] == rule}
