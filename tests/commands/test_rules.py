"""`segmenter rules`: what it says of rules, by what workers have stored."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from streams import rulefiles
from streams.cli import main
from streams.core.batch import Batch
from streams.core.compiler.catalog import Catalog
from streams.core.engine.shard import Shard
from streams.core.events import Event
from streams.core.instants import DAY_MS, parse_time
from streams.core.rules.rulebook import Rulebook
from streams.embedded.redis import RedisServer
from streams.state.format import DOCUMENTS, MEMBERS, ROWS, SETTLED
from streams.state.redis_store import RedisStore
from streams.state.store import Checkpoint, Write
from tests.state.checkpoints import claimed

QUIET = "segment: quiet\nenter: paying and idle_days >= 7\n"
KEEN = 'segment: keen\nenter: active_days(days=30) >= 8 and count("Signed In") > 3\n'
LIFE = "tier: life\nlevels:\n  new: tenure_days < 14\n  old: otherwise\n"
RFM = 'scores: rfm\nrecency: idle_days\nfrequency: count("Signed In", days=90)\nmonetary: mrr\nmethod: quintiles\n'
AT = parse_time("2026-11-03T09:14:00Z") or 0


class Workers:
    """A group with one shard, what its workers would have stored of it, and its rules."""

    def __init__(self, url: str, group: str, rules: Path):
        self._url, self.group, self.rules = url, group, rules
        self._shard: Shard | None = None
        self._rows: dict[str, bytes] = {}
        self._number = 0

    def rules_are(self, **files: str) -> None:
        for old in self.rules.glob("*.yaml"):
            old.unlink()
        for name, text in files.items():
            (self.rules / f"{name}.yaml").write_text(text)

    def begin(self) -> None:
        """Load what is stored under the rules of the files, and store it before all are evaluated under them."""
        assert self._shard is not None
        rows = list(self._rows.items())
        shard = Shard.restore(rulefiles.load(self.rules), self._shard.head(), rows, {})
        shard.migrate(1)
        self._shard = shard
        asyncio.run(self._save(shard))

    def run(self, *events: Event, until_ms: int = AT) -> None:
        """Under the rules of the files, from now on."""
        rulebook = rulefiles.load(self.rules)
        old = self._shard
        shard = Shard.restore(rulebook, old.head(), list(self._rows.items()), {}) if old else Shard(rulebook)
        while shard.is_stale:
            shard.migrate()
        shard.step(Batch.of(events))
        shard.tick(until_ms)
        self._shard = shard
        asyncio.run(self._save(shard))

    async def _save(self, shard: Shard) -> None:
        store = RedisStore(self._url, self.group)
        await store.group.put(SETTLED, "partitions", b"1")
        await claimed(store.shards, 0, 1)
        self._number += 1
        dirty = shard.take_dirty()
        self._rows |= dict(dirty.rows)
        joined = [(segment, user) for user in shard.table.subjects for segment in shard.memberships(user)]
        writes: list[Write[str, Any]] = [
            Write(ROWS, dirty.rows),
            Write(DOCUMENTS, dirty.documents),
            Write(MEMBERS, joined),
        ]
        await store.shards.save(0, 1, Checkpoint(self._number, shard.head(), {}, writes))
        await store.close()

    def command(self, *flags: str, name: str = "rules") -> Result:
        asked = [name, "--rules", str(self.rules), "--redis", self._url, "--group", self.group, *flags]
        return CliRunner().invoke(main, asked)


@pytest.fixture
def workers(redis_server: RedisServer, group: str, tmp_path: Path) -> Workers:
    return Workers(redis_server.url, group, tmp_path)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    """The third of November 2026, a minute later."""
    monkeypatch.setattr(time, "time_ns", lambda: (AT + 60_000) * 1_000_000)


def came(user: str, ts: int = AT - 1) -> Event:
    return Event(user, ts, "Signed In", True, f"{user}-{ts}", {}, {})


@pytest.mark.usefixtures("now")
def test_everything_is_told_that_an_operator_asks(workers: Workers) -> None:
    workers.rules_are(quiet=QUIET)
    workers.run(came("ann"), came("bob"))
    workers.rules_are(quiet=QUIET, keen=KEEN, life=LIFE)
    workers.run()
    result = workers.command()
    assert result.exit_code == 0, result.stderr
    rulebook = rulefiles.load(workers.rules)
    versions = {rule.name: rule.version[7:19] for rule in rulebook.rules}
    row_bytes = 8 * Catalog(rulebook).width
    without_keen = 8 * Catalog(Rulebook(tuple(rule for rule in rulebook.rules if rule.name != "keen"))).width
    assert result.output == (
        f"3 rules over 2 profiles, as of Tue 3 Nov 2026 09:15 UTC; a profile's row has {row_bytes} bytes\n"
        "\n"
        "keen: segment, warming until Thu 3 Dec 00:00 UTC\n"
        "    members  0\n"
        "    reads    active_days(days=30)  kept since Tue 3 Nov 09:14, covered from Thu 3 Dec 00:00 on\n"
        '             count("Signed In")    kept since Tue 3 Nov 09:14\n'
        f"    costs    {row_bytes - without_keen} bytes a profile\n"
        f"    version  {versions['keen']}\n"
        "\n"
        "life: tier, live\n"
        "    members  2 new\n"
        "             0 old\n"
        "    reads    tenure_days\n"
        "    costs    16 bytes a profile\n"
        f"    version  {versions['life']}\n"
        "\n"
        "quiet: segment, live\n"
        "    members  0\n"
        "    reads    paying\n"
        "             idle_days\n"
        "    costs    32 bytes a profile\n"
        f"    version  {versions['quiet']}\n"
    )


def test_a_rule_is_live_again_once_its_windows_are_covered(workers: Workers) -> None:
    workers.rules_are(quiet=QUIET)
    workers.run(came("ann"))
    workers.rules_are(keen=KEEN)
    workers.run()
    workers.run(until_ms=AT + 3_000 * DAY_MS)
    output = workers.command().output
    assert "keen: segment, live\n" in output
    assert 'count("Signed In")    kept since ' in output
    assert "active_days(days=30)\n" in output


def test_a_rule_that_workers_have_not_loaded_is_told_and_what_to_do(workers: Workers) -> None:
    workers.rules_are(quiet=QUIET, old=LIFE.replace("life", "old"))
    workers.run(came("ann"))
    workers.rules_are(quiet=QUIET.replace("7", "9"), keen=KEEN)
    output = workers.command().output
    assert "keen: segment, which no worker runs yet\n" in output
    assert "quiet: segment, of which workers still run another version\n" in output
    assert "old: still run, though it is in no file\n    members  1 new\n             0 old\n" in output
    assert output.endswith("as does segmenter rules apply.\n")


def test_how_many_are_still_to_be_evaluated_under_what_was_applied_is_told(workers: Workers) -> None:
    workers.rules_are(quiet=QUIET)
    workers.run(came("ann"), came("bob"), came("eve"))
    workers.rules_are(life=LIFE)
    workers.begin()
    assert "\nyet to be evaluated under rules that were applied: 2 profiles\n" in workers.command().output
    assert json.loads(workers.command("--json").output)["unevaluated"] == 2
    workers.run()
    assert "yet to be" not in workers.command().output


def test_scores_have_the_members_of_their_grid(workers: Workers) -> None:
    workers.rules_are(rfm=RFM)
    workers.run(came("ann"))
    output = workers.command().output
    assert "rfm: scores, live\n    members  0 champions\n" in output
    assert '\n    reads    idle_days\n             count("Signed In", days=90)\n             mrr\n' in output


@pytest.mark.usefixtures("now")
def test_json_has_exact_times_and_whole_versions(workers: Workers) -> None:
    workers.rules_are(quiet=QUIET)
    workers.run(came("ann"))
    workers.rules_are(keen=KEEN)
    workers.run()
    told = json.loads(workers.command("--json").stdout)
    assert (told["as_of"], told["profiles"], told["shards"]) == ("2026-11-03T09:15:00.000Z", 1, 1)
    assert told["gone"] == []
    (rule,) = told["rules"]
    version = rulefiles.load(workers.rules).rules[0].version
    assert (rule["rule"], rule["sort"], rule["version"], rule["members"]) == ("keen", "segment", version, {"keen": 0})
    assert (rule["shards_as_said"], rule["shards_otherwise"]) == (1, 0)
    assert rule["warming_until"] == "2026-12-03T00:00:00.000Z"
    assert rule["reads"][0] == {
        "feature": "active_days(days=30)",
        "kept_since": "2026-11-03T09:14:00.000Z",
        "covered_from": "2026-12-03T00:00:00.000Z",
    }


@pytest.mark.usefixtures("now")
def test_whoever_is_explained_by_a_rule_that_is_warming_is_told_so(workers: Workers) -> None:
    workers.rules_are(quiet=QUIET)
    workers.run(came("ann"))
    workers.rules_are(quiet=QUIET, keen=KEEN)
    workers.run()
    until = "warming until Thu 3 Dec 00:00 UTC"
    all_rules = workers.command("ann", name="explain").stdout
    assert f"    keen ({until}):\n        not active_days(days=30) >= 8 (is 0)" in all_rules
    assert "    quiet: not paying" in all_rules
    in_full = workers.command("ann", "--segment", "keen", name="explain").stdout
    assert f"keen: out, and never was in\n    {until}: not all that it counts was kept before\n" in in_full
    told = json.loads(workers.command("ann", "--json", name="explain").stdout)["rules"]
    assert [rule["warming_until"] for rule in told] == ["2026-12-03T00:00:00.000Z", None]


def test_a_group_that_no_worker_has_served_is_told(workers: Workers) -> None:
    workers.rules_are(quiet=QUIET)
    result = workers.command()
    assert result.exit_code == 1
    assert f"No worker of the group {workers.group} has ever written to this Redis." in result.stderr


def test_wrong_rules_and_a_redis_that_does_not_answer_are_told(workers: Workers) -> None:
    workers.rules_are(quiet=QUIET.replace("idle_days", "idle_dys"))
    assert workers.command().exit_code == 2
    workers.rules_are(quiet=QUIET)
    result = CliRunner().invoke(main, ["rules", "--rules", str(workers.rules), "--redis", "redis://127.0.0.1:1"])
    assert result.exit_code == 1
    assert "127.0.0.1:1 does not answer" in result.stderr
