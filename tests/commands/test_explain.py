"""`segmenter explain` over files: any time, without Kafka or Redis. On a real Redis: tests/e2e/test_commands.py."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from streams.cli import main
from streams.testing import Record, billing, track

CHURN_RISK = """\
segment: churn-risk
enter: paying and active_days(days=30) >= 2 and idle_days >= 7
exit: idle_days < 1
"""
LIFECYCLE = """\
tier: lifecycle
levels:
  new: tenure_days < 14
  dormant: idle_days >= 30
  active: otherwise
"""
RECORDS = [
    billing("ann", "Subscription Started", "2026-02-28 10:00", mrr=49),
    track("ann", "Signed In", "2026-03-01 09:00"),
    track("ann", "Signed In", "2026-03-02 09:14"),
    track("bob", "Signed In", "2026-03-05"),
]


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "churn-risk.yaml").write_text(CHURN_RISK)
    (folder / "lifecycle.yaml").write_text(LIFECYCLE)
    return folder


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    return written(tmp_path, RECORDS)


def written(folder: Path, records: Sequence[Record]) -> list[str]:
    """Product events and billing updates, a file each."""
    found = []
    for name, is_billing in (("events", False), ("billing", True)):
        path = folder / f"{name}.jsonl"
        own = (record for record in records if (record["type"] == "billing") is is_billing)
        path.write_text("".join(json.dumps(record) + "\n" for record in own))
        found.append(str(path))
    return found


def explain(rules: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["explain", "--rules", str(rules), *arguments])


def test_everything_is_told_of_a_rule_that_is_asked_for(rules: Path, files: list[str]) -> None:
    result = explain(rules, "ann", *files, "--segment", "churn-risk", "--segment", "lifecycle")
    assert result.exit_code == 0, result.stderr
    assert result.output == (
        "ann, as of Thu 5 Mar 2026 00:00 UTC\n"
        "\n"
        "churn-risk: out, and never was in\n"
        "    enter  yes  paying                     is true  since Sat 28 Feb 10:00\n"
        "           yes  active_days(days=30) >= 2  is 2     since Mon 2 Mar 09:14\n"
        "           no   idle_days >= 7             is 2.62  never yet\n"
        "    exit   no   idle_days < 1              is 2.62  since Tue 3 Mar 09:14\n"
        "    next: enters on Mon 9 Mar 09:14 UTC, when idle_days >= 7 (is 7), unless\n"
        "        something happens before\n"
        "\n"
        "lifecycle: new since Sat 28 Feb 10:00, change 1\n"
        "    new  yes  tenure_days < 14  is 4.58  since Sat 28 Feb 10:00\n"
        "    next: becomes active on Sat 14 Mar 10:00 UTC, when\n"
        "        no longer tenure_days < 14 (is 14), unless something happens before\n"
    )


def test_where_none_is_asked_for_a_page_tells_of_all_rules_what_decides(rules: Path, files: list[str]) -> None:
    (rules / "here.yaml").write_text("segment: here\nenter: paying and (idle_days < 3 or mrr > 100)\n")
    result = explain(rules, "ann", *files)
    assert result.exit_code == 0, result.stderr
    assert result.output == (
        "ann, as of Thu 5 Mar 2026 00:00 UTC\n"
        "\n"
        "in\n"
        "    here, since Sat 28 Feb 10:00: paying, idle_days < 3 (is 2.62)\n"
        "\n"
        "levels\n"
        "    lifecycle: new, since Sat 28 Feb 10:00: tenure_days < 14 (is 4.58)\n"
        "\n"
        "next, if nothing happens\n"
        "    Thu 5 Mar 09:14  leaves here: no longer idle_days < 3 (is 3)\n"
        "    Mon 9 Mar 09:14  enters churn-risk: idle_days >= 7 (is 7)\n"
        "    Sat 14 Mar 10:00  lifecycle becomes active:\n"
        "        no longer tenure_days < 14 (is 14)\n"
        "\n"
        "out\n"
        "    churn-risk: not idle_days >= 7 (is 2.62)\n"
        "\n"
        "mrr: 49\n"
        "    default  active, counts  no plan  49  updated Sat 28 Feb 10:00\n"
        "\n"
        "`--segment NAME` shows each condition of a rule, and since when it holds.\n"
    )


def test_a_rule_that_is_the_only_one_need_not_be_asked_for(rules: Path, files: list[str]) -> None:
    output = explain(rules / "churn-risk.yaml", "ann", *files).output
    assert "    exit   no   idle_days < 1              is 2.62  since Tue 3 Mar 09:14\n" in output


@pytest.mark.parametrize("asked", [[], ["--segment", "language", "--segment", "detractor", "--segment", "rfm"]])
def test_it_fits_eighty_columns_and_breaks_no_word(files: list[str], tmp_path: Path, asked: list[str]) -> None:
    locale = "x" * 200
    records = [*RECORDS, track("ann", "Signed In", "2026-03-03") | {"context": {"locale": locale}}]
    output = explain(Path("rules"), "ann", *written(tmp_path, records), *asked).output
    assert max(map(len, output.splitlines())) <= 80
    words = output.split()
    assert '"nps"),' in words
    assert "xxx…" in output if asked else "no other level holds" in output


def test_what_an_id_or_a_trait_would_do_to_a_terminal_is_shown_and_not_done(rules: Path, tmp_path: Path) -> None:
    (rules / "payer.yaml").write_text('segment: payer\nenter: plan != "free"\n')
    records = [billing("ann\x1b[2J", "Subscription Started", "2026-03-01", plan="pro\r\x07", mrr=9)]
    output = explain(rules, "ann\x1b[2J", *written(tmp_path, records)).output
    assert output.startswith("ann\\x1b[2J, as of")
    assert 'payer, since Sun 1 Mar 00:00: plan != "free" (is "pro\\r\\x07")' in output
    assert not {"\x1b", "\r", "\x07"} & set(output)


def test_what_is_foretold_is_what_a_later_look_finds(rules: Path, files: list[str]) -> None:
    lines = explain(rules, "ann", *files, "--segment", "churn-risk", "--at", "2026-03-09T09:14:00Z").output.splitlines()
    assert lines[2] == "churn-risk: in since Mon 9 Mar 09:14, change 1"
    assert lines[-1] == "    next: stays in until something happens"


def test_an_earlier_time_shows_what_was_known_then(rules: Path, files: list[str]) -> None:
    heading, _, churn_risk, paying, *_ = explain(
        rules, "ann", *files, "--segment", "churn-risk", "--at", "2026-03-01"
    ).output.splitlines()
    assert heading == "ann, as of Sun 1 Mar 2026 00:00 UTC"
    assert churn_risk == "churn-risk: out, and never was in"
    assert paying.split()[:3] == ["enter", "yes", "paying"]


def test_times_of_another_year_bear_it(rules: Path, files: list[str]) -> None:
    lines = explain(rules, "ann", *files, "--segment", "lifecycle", "--at", "2027-01-01").output.splitlines()
    assert lines[2] == "lifecycle: dormant since Wed 1 Apr 2026 09:14, change 3"


@pytest.mark.parametrize("asked", ["lifecycle", "lifecycle/dormant"])
def test_only_the_rules_asked_for_are_told(rules: Path, files: list[str], asked: str) -> None:
    output = explain(rules, "ann", *files, "--segment", asked).output
    assert "lifecycle: new" in output
    assert "churn-risk" not in output


def test_a_segment_that_no_rule_makes_is_refused_with_the_nearest(rules: Path, files: list[str]) -> None:
    result = explain(rules, "ann", *files, "--segment", "lifecycle/dormnt")
    assert result.exit_code == 2
    assert result.stderr == "Error: No rule makes a segment lifecycle/dormnt. Did you mean lifecycle/dormant?\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(["cy"], "Nobody called cy has an event in these files."), (["bob", "--at", "2026-03-04"], " up to 2026-03-04T")],
)
def test_nobody_is_known_without_an_event(rules: Path, files: list[str], arguments: list[str], says: str) -> None:
    result = explain(rules, *arguments, *files)
    assert result.exit_code == 1
    assert says in result.stderr


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("bob", "bob was merged into ann, and is nobody else: segmenter explain ann"),
        ("a-1", "a-1 is no user, but an alias of ann, by anonymousId: segmenter explain ann"),
        ("a-2", "a-2 is no user, but an alias with 1 record under it, which nobody has linked to a user yet."),
    ],
)
def test_of_an_id_that_is_no_users_it_is_said_whose_it_is(rules: Path, tmp_path: Path, asked: str, says: str) -> None:
    at = "2026-03-06T09:00:00Z"
    signed_in = track("bob", "Signed In", "2026-03-05") | {"anonymousId": "a-1"}
    visit = {"type": "track", "event": "Page Viewed", "anonymousId": "a-2", "timestamp": at}
    merge = {"type": "merge", "userId": "bob", "into": "ann", "messageId": "m", "timestamp": at}
    result = explain(
        rules, asked, *written(tmp_path, [track("ann", "Signed In", "2026-03-05"), signed_in, visit, merge])
    )
    assert (result.exit_code, result.stderr) == (1, f"Error: {says}\n")


def test_json_has_exact_times_and_the_whole_change_to_come(rules: Path, files: list[str]) -> None:
    result = explain(rules, "ann", *files, "--json", "--segment", "churn-risk")
    told = json.loads(result.stdout)
    assert (told["user_id"], told["as_of"]) == ("ann", "2026-03-05T00:00:00.000Z")
    (rule,) = told["rules"]
    assert (rule["rule"], rule["segment"], rule["since"], rule["ordinal"]) == ("churn-risk", None, None, 0)
    assert rule["conditions"][0] == {
        "part": "enter",
        "condition": "paying",
        "value": True,
        "now": True,
        "since": "2026-02-28T10:00:00.000Z",
        "exact": True,
    }
    assert (rule["next"]["type"], rule["next"]["occurred_at"]) == ("segment.entered", "2026-03-09T09:14:00.000Z")


def test_lines_that_cannot_be_used_are_counted_and_end_it_with_status_3(
    rules: Path, files: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "odd.jsonl"
    path.write_text("nonsense\n")
    result = explain(rules, "ann", *files, str(path))
    assert result.exit_code == 3
    assert result.stdout.startswith("ann, as of")
    assert result.stderr == "1 of 5 lines were rejected; `segmenter replay` says why.\n"


def test_scores_are_told_with_what_is_behind_them(rules: Path, files: list[str]) -> None:
    (rules / "rfm.yaml").write_text(
        "scores: rfm\nrecency: idle_days\nfrequency: active_days(days=90)\nmonetary: mrr\n"
        "fixed: {r: [2, 4, 8, 16], f: [2, 4, 8, 16], m: [1, 2, 3, 50]}\n"
    )
    *lines, following, _ = explain(rules, "ann", *files, "--segment", "rfm").output.splitlines()[2:]
    assert lines == [
        "rfm: potential_loyalists since Mon 2 Mar 09:14, change 2",
        "    r  4  idle_days             is 2.62  by the edges 2, 4, 8, 16",
        "    f  2  active_days(days=90)  is 2     by the edges 2, 4, 8, 16",
        "    m  4  mrr                   is 49    by the edges 1, 2, 3, 50",
    ]
    assert following == "    next: becomes about_to_sleep on Fri 6 Mar 09:14 UTC, when"


def test_before_the_first_quintiles_there_is_no_level(rules: Path, files: list[str]) -> None:
    (rules / "rfm.yaml").write_text(
        "scores: rfm\nrecency: idle_days\nfrequency: count(any)\nmonetary: mrr\nmethod: quintiles\nrefresh: 30d\n"
    )
    lines = explain(rules, "ann", *files, "--segment", "rfm", "--at", "2026-03-01T10:00:00Z").output.splitlines()
    assert lines[2] == "rfm: no level yet, as its quintiles are not known"
    assert lines[-1] == "    next: a level, once they are"


def test_the_subscriptions_behind_mrr_are_shown(rules: Path, tmp_path: Path) -> None:
    updates = [
        billing("cid", "Subscription Started", "2026-03-01", subscription_id="s-1", plan="pro", mrr=49),
        billing("cid", "Subscription Started", "2026-03-02", subscription_id="s-2", plan="add-on", mrr=10.5),
        billing("cid", "Subscription Cancelled", "2026-03-03", subscription_id="s-1"),
    ]
    found = explain(rules, "cid", *written(tmp_path, updates), "--at", "2026-03-04")
    assert found.exit_code == 0, found.output
    said = [line.split() for line in found.output.splitlines()[-5:-2]]
    assert said == [
        ["mrr:", "10.5"],
        ["s-2", "active,", "counts", "add-on", "10.5", "updated", "Mon", "2", "Mar", "00:00"],
        ["s-1", "canceled,", "does", "not", "count", "pro", "49", "updated", "Tue", "3", "Mar", "00:00"],
    ]
    [first, _] = json.loads(explain(rules, "cid", *written(tmp_path, updates), "--json").output)["subscriptions"]
    assert (first["id"], first["mrr"], first["counts"]) == ("s-2", 10.5, True)


def test_what_of_a_subscription_could_not_be_priced_is_told(rules: Path, tmp_path: Path) -> None:
    price = {"id": "price_1", "recurring": {"interval": "month"}, "billing_scheme": "tiered"}
    about = {"id": "sub_1", "status": "active", "currency": "usd", "metadata": {"user_id": "ann"}}
    items = {"data": [{"price": price, "quantity": 3}, {"price": {**price, "unit_amount": 900}, "quantity": 1}]}
    event = {"object": "event", "id": "evt_1", "type": "customer.subscription.created", "created": 1_772_366_400}
    record = {**event, "data": {"object": {**about, "items": items}}}
    output = explain(rules, "ann", *written(tmp_path, [record])).output
    assert "9 and more" in output


def test_who_is_not_scored_is_told_why(rules: Path, files: list[str]) -> None:
    (rules / "rfm.yaml").write_text(
        "scores: rfm\namong: paying\nrecency: idle_days\nfrequency: active_days(days=90)\nmonetary: mrr\n"
        "fixed: {r: [1, 7, 14, 30], f: [1, 2, 3, 4], m: [10, 50, 100, 500]}\n"
    )
    assert "    rfm: not scored: not paying\n" in explain(rules, "bob", *files).output
    in_full = explain(rules, "bob", *files, "--segment", "rfm").output
    assert "rfm: not scored, and never was\n" in in_full
    assert "    among  no  paying                is false  never yet\n" in in_full
    assert "next: stays not scored until something happens\n" in in_full
    assert "among" in explain(rules, "ann", *files, "--segment", "rfm").output


def test_an_id_that_nobody_has_cannot_write_on_the_terminal(rules: Path, files: list[str]) -> None:
    told = explain(rules, "x\nann is in\x1b[2J", *files)
    assert told.stderr == "Error: Nobody called x\\nann is in\\x1b[2J has an event in these files.\n"
