"""A backtest of what stands in the topics says what one of the files says that were published."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from streams.cli import main
from streams.core.engine.erasure import Erasure
from streams.sources import profile_commands
from streams.testing import billing, to_bytes, track
from tests.e2e.pipeline import Pipeline

START_MS = 1_700_000_000_000
HOUR_MS = 3_600_000
RULES = {"quiet": "enter: idle_days >= 1", "paying": "enter: paying"}


def written(path: Path, *records: Any) -> str:
    path.write_bytes(b"".join(to_bytes(record) + b"\n" for record in records))
    return str(path)


def test_a_history_out_of_the_topics_is_that_of_the_files(pipeline: Pipeline, tmp_path: Path) -> None:
    pipeline.use(RULES)
    seen = [
        {**track(f"u-{n % 17}", "Opened", START_MS + n * HOUR_MS, f"m-{n}"), "anonymousId": f"d-{n % 17}"}
        for n in range(200)
    ]
    seen.append({"type": "track", "anonymousId": "d-3", "event": "Opened", "timestamp": START_MS, "messageId": "a"})
    paid = [billing(f"u-{n}", "Subscription Started", START_MS + n * HOUR_MS, f"b-{n}", mrr=9) for n in range(9)]
    files = written(tmp_path / "seen.jsonl", *seen), written(tmp_path / "paid.jsonl", *paid)
    environment = pipeline.environment

    def run(*arguments: str) -> Any:
        result = CliRunner().invoke(main, list(arguments), env=environment, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    run("publish", *files)
    of_files = json.loads(run("backtest", *files, "--json"))
    of_topics = json.loads(run("backtest", "--from-kafka", "--json"))
    assert of_topics["segments"] == of_files["segments"]
    assert of_topics["coverage"]["events"] == of_files["coverage"]["events"] == 210
    pipeline.publish_raw(
        [("profile-commands", "u-1", profile_commands.encode(Erasure("u-1", START_MS + 999 * HOUR_MS)))]
    )
    erased = json.loads(run("backtest", "--from-kafka", "--json", "--jobs", "2"))
    assert erased["coverage"]["users"] == of_files["coverage"]["users"] - 1
    assert any("of 1 of them" in sentence for sentence in erased["unknown"])
