"""One person, several ids, on real servers: what came under an alias counts once for its user, whatever is killed."""

import json
import time
from collections.abc import Sequence

import pytest
from click.testing import CliRunner, Result

from streams.cli import main
from streams.testing import Record, to_bytes
from tests.e2e.pipeline import WITHIN_S, Pipeline

# Lost, or counted twice, any record would be missed here, in whatever order they come.
EXACTLY = {"exactly": 'enter: count(any) == 12 and count("Page Viewed") == 9', "visitor": "enter: count(any) >= 1"}
USERS = 60


def run(pipeline: Pipeline, *arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), env=pipeline.environment, catch_exceptions=False)


def page(alias: str, turn: int) -> Record:
    return {
        "type": "page",
        "messageId": f"p-{turn}",
        "anonymousId": alias,
        "name": "Pricing",
        "timestamp": 1_700_000_000_000 + turn,
    }


def signed_in(user: str, alias: str, turn: int) -> Record:
    return {
        "type": "track",
        "messageId": f"s-{turn}",
        "userId": user,
        "anonymousId": alias,
        "event": "Signed In",
        "timestamp": 1_700_000_000_000 + turn,
    }


def publish(pipeline: Pipeline, records: Sequence[Record]) -> None:
    """By the key that producers give: the user, else the visitor."""
    pipeline.publish_raw(
        ("product-events", record.get("userId", record["anonymousId"]), to_bytes(record)) for record in records
    )


def visits() -> list[Record]:
    """Of each person six pages, three sign-ins that bear both ids, and three pages more, all in turns."""
    turns = [*range(6), *"sss", *range(6, 9)]
    return [
        signed_in(f"user-{person}", f"visitor-{person}", at) if turn == "s" else page(f"visitor-{person}", at)
        for at, turn in enumerate(turns)
        for person in range(USERS)
    ]


@pytest.mark.parametrize("kills", [0, 2])
def test_each_record_under_an_alias_counts_once_though_workers_are_killed(pipeline: Pipeline, kills: int) -> None:
    pipeline.use(EXACTLY)
    records = visits()
    pipeline.publish([])
    publish(pipeline, records)
    for kill in range(kills):
        with pipeline.worker() as worker:
            # The first may have sent on all of them by then.
            worker.says("loaded") if kill else pipeline.read("rerouted-events", bool)
            worker.kill()
    with pipeline.worker(), pipeline.worker():
        entered = {("segment.entered", f"user-{person}") for person in range(USERS)}
        seen = pipeline.read(
            "segment-changes",
            lambda seen: (
                {(each.json["type"], each.json["user_id"]) for each in seen if each.json["segment"] == "exactly"}
                == entered
            ),
        )
        assert not [each.json for each in seen if each.json["user_id"].startswith("visitor")]
        publish(pipeline, [page("visitor-7", 99)])
        pipeline.read(
            "segment-changes",
            lambda seen: any(
                (each.json["type"], each.json["user_id"]) == ("segment.exited", "user-7") for each in seen
            ),
        )
        told = run(pipeline, "links", "visitor-7")
        assert "visitor-7 is user-7's, by anonymousId" in told.stdout
        assert "Passed on: 10 records." in told.stdout
        explained = json.loads(run(pipeline, "explain", "user-7", "--json").stdout)
        assert explained["aliases"] == [
            {"alias": "visitor-7", "how": "anonymousId", "is_hers": True, "is_shared": False}
        ]
        assert run(pipeline, "erase", "user-7", "--timeout", "2m").exit_code == 0
        until_told(pipeline, "Nothing is known of visitor-7", "links", "visitor-7")


def until_told(pipeline: Pipeline, text: str, *arguments: str) -> None:
    """Ask until a command says so."""
    deadline = time.monotonic() + WITHIN_S
    while text not in (said := run(pipeline, *arguments).stdout):
        assert time.monotonic() < deadline, said
        time.sleep(0.05)
