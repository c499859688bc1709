"""Rules that are applied while workers run, on real servers."""

import shutil
from pathlib import Path

from tests.e2e.histories import actions
from tests.e2e.operators import Operator
from tests.e2e.pipeline import PARTITIONS, TIMELESS, Pipeline, Seen, WorkerProcess, until
from tests.e2e.rules_applied import rules, until_members_are, wanted

# Of what was counted before, so that the past is known; one rule stays, one goes, one comes, one means something else.
OTHERS = {
    "more-exports": TIMELESS["more-exports"],
    "far-more-exports": 'enter: count("Export Created") > count("Signed In") + 2',
}


def until_shown(pipeline: Pipeline, text: str, worker: WorkerProcess) -> None:
    """`segmenter rules` has it, of what the shards have stored."""
    until(lambda: text in rules(pipeline), True, worker.said)


def rules_of(seen: list[Seen], cause: str) -> set[str]:
    return {one.json["rule"] for one in seen if one.json["cause"] == cause}


def test_running_workers_take_over_what_is_applied_though_one_dies_of_it(pipeline: Pipeline) -> None:
    pipeline.use(TIMELESS)
    records = actions(users=200, events=6_000)
    pipeline.publish(records[:2_000])
    with pipeline.worker() as first, pipeline.worker() as second:
        first.says("loaded", times=2)
        second.says("loaded", times=2)
        until_members_are(pipeline, wanted(pipeline, records[:2_000]), first, second)
        pipeline.use(OTHERS)
        rules(pipeline, "apply", "--yes", "--note", "far more")
        pipeline.publish(records[2_000:4_000])
        first.says("takes over version 2")
        first.kill()
        pipeline.publish(records[4_000:])
        until_members_are(pipeline, wanted(pipeline, records), first, second)
        assert "Traceback" not in second.said()
        of_change = {"far-more-exports", "more-reports"}
        seen = pipeline.read("segment-changes", lambda seen: rules_of(seen, "rule_change") >= of_change)
    assert {one.json["cause"] for one in seen} == {"event", "rule_change"}
    assert rules_of(seen, "rule_change") == of_change
    assert not any(one.json["live"] for one in seen if one.json["cause"] == "rule_change")


def test_a_folder_that_differs_from_what_is_live_is_told_and_not_run(pipeline: Pipeline, tmp_path: Path) -> None:
    pipeline.use(TIMELESS)
    with pipeline.worker() as worker:
        worker.says("runs version 1 of the rules: 2 rules")
        worker.says("loaded", times=PARTITIONS)
    shutil.copytree(pipeline.settings.rules, tmp_path / "first")
    pipeline.use(OTHERS)
    with pipeline.worker(metrics="127.0.0.1:0") as worker:
        worker.says(
            f"differs from version 1, which is live; to make it live: segmenter rules apply {pipeline.settings.rules}"
        )
        worker.says("loaded", times=PARTITIONS)
        operator = Operator(worker)
        health = operator.sees(lambda health: health["rules"]["version"] == 1)
        assert "segmenter rules apply" in health["rules"]["differs"]
        figures = operator.figures()
        assert (figures["segmenter_rules_version"], figures["segmenter_rules_differ"]) == (1, 1)
        until_shown(pipeline, "more-reports: segment, live", worker)
        rules(pipeline, "apply", "--yes")
        worker.says("takes over version 2 of the rules")
        worker.says("loaded", times=2 * PARTITIONS)
        until_shown(pipeline, "far-more-exports: segment, live", worker)
        rules(pipeline, "rollback", "1", "--yes")
        worker.says("takes over version 3 of the rules")
        worker.says("loaded", times=3 * PARTITIONS)
        rules(pipeline, "diff", str(tmp_path / "first"))
