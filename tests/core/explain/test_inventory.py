"""What each rule reads and costs, and how it runs."""

from msgspec.structs import replace

from streams.core.compiler.catalog import Catalog
from streams.core.explain.inventory import LiveRule, read_by, take_inventory
from streams.core.instants import DAY_MS
from streams.core.kernel.layout import NEVER
from streams.core.language.parser import parse_condition, parse_value
from streams.core.profiles.snapshot import Head, RowSchema
from streams.core.rules.nodes import Always
from streams.core.rules.rulebook import Level, Rule, Rulebook, Scores, Segment, Tier

SINCE = 20_000 * DAY_MS
SIGN_INS = "days 'Signed In'"


def segment(name: str, text: str) -> Segment:
    return Segment(name, parse_condition(text, scores=["rfm"]), version=text)


def rfm() -> Scores:
    values = parse_value("idle_days"), parse_value('count("Signed In", days=90)'), parse_value("mrr")
    return Scores("rfm", *values, version="1")


def head(*rules: Rule, **kept_since: int) -> Head:
    return Head(NEVER, 0, 0, {0: RowSchema.of(Catalog(Rulebook(rules)))}, kept_since=kept_since)


def reads(rule: Rule, *others: Rule) -> list[str]:
    return list(read_by(Rulebook((rule, *others)), rule))


def test_features_are_told_once_and_as_the_language_writes_them() -> None:
    text = 'count( "Signed In",days=7 ) > 0.5 * tenure_days and 3 > count("Signed In", days=7) and not missing(plan)'
    assert reads(segment("a", text)) == ['count("Signed In", days=7)', "tenure_days", "plan"]


def test_an_average_and_a_trend_are_features_of_their_own() -> None:
    text = 'avg("Invoice Paid", "amount", days=30) > 2 * trend("Signed In", days=7)'
    assert reads(segment("a", text)) == ['avg("Invoice Paid", "amount", days=30)', 'trend("Signed In", days=7)']


def test_a_tier_reads_what_its_levels_do_and_scores_what_they_are_made_of() -> None:
    levels = Level("new", parse_condition("tenure_days < 14")), Level("other", Always(True))
    assert reads(Tier("life", levels)) == ["tenure_days"]
    assert reads(rfm()) == ["idle_days", 'count("Signed In", days=90)', "mrr"]


def test_a_rule_costs_what_no_other_rule_needs() -> None:
    month, week = segment("a", "active_days(days=30) > 8"), segment("b", "active_days(days=7) > 2")
    both = take_inventory(Rulebook((month, week)), [head(month, week)])
    # Its ordinal and since when, its total; and of 15 words of counts those 11 that a week does without.
    assert [rule.own_bytes for rule in both.rules] == [8 * (2 + 1 + 11), 8 * (2 + 1)]
    assert both.row_bytes == 8 * Catalog(Rulebook((month, week))).width


def live(rule: Rule, *others: Rule, heads: list[Head]) -> LiveRule:
    return take_inventory(Rulebook((rule, *others)), heads).rules[0]


def test_a_rule_warms_until_every_window_that_it_reads_is_covered() -> None:
    rule = segment("a", 'count("Signed In", days=7) > 1 and count("Signed In", days=7, before_days=7) > 1')
    found = live(rule, heads=[head(rule, **{SIGN_INS: SINCE})])
    assert found.warming_until(SINCE) == SINCE + 13 * DAY_MS
    assert found.warming_until(SINCE + 13 * DAY_MS - 1) == SINCE + 13 * DAY_MS
    assert found.warming_until(SINCE + 13 * DAY_MS) is None


def test_it_warms_as_long_as_it_does_anywhere() -> None:
    rule = segment("a", 'count("Signed In", days=7) > 1')
    heads = [head(rule), head(rule, **{SIGN_INS: SINCE}), head(rule, **{SIGN_INS: SINCE - DAY_MS})]
    assert live(rule, heads=heads).warming_until(SINCE) == SINCE + 6 * DAY_MS


def test_what_has_no_window_never_warms_and_says_since_when_it_is_known() -> None:
    rule = segment("a", 'days_since("Signed In") > 1')
    found = live(rule, heads=[head(rule, **{"last_seen 'Signed In'": SINCE})])
    assert found.warming_until(SINCE) is None
    assert found.readings == (('days_since("Signed In")', SINCE, None),)


def test_a_rule_that_asks_for_another_warms_as_long_as_that() -> None:
    asks, asked = segment("a", 'in_segment("b")'), segment("b", 'count("Signed In", days=7) > 1')
    found = live(asks, asked, heads=[head(asks, asked, **{SIGN_INS: SINCE})])
    assert found.warming_until(SINCE) == SINCE + 6 * DAY_MS


def test_a_rule_that_reads_a_score_warms_as_long_as_what_that_is_made_of() -> None:
    rule = segment("a", "rfm.f >= 4")
    found = live(rule, rfm(), heads=[head(rule, rfm(), **{SIGN_INS: SINCE})])
    assert found.readings == (("rfm.f", SINCE, SINCE + 89 * DAY_MS),)


def test_who_waits_to_be_evaluated_under_rules_that_were_applied_is_counted_over_all_shards() -> None:
    rule = segment("a", "paying")
    heads = [replace(head(rule), unevaluated=waiting) for waiting in (3, 0, 4)]
    assert take_inventory(Rulebook((rule,)), heads).unevaluated == 7


def test_shards_that_run_another_version_or_none_are_told_apart() -> None:
    rule, other = segment("a", "idle_days > 1"), segment("a", "idle_days > 2")
    found = live(rule, heads=[head(rule), head(other), head(other), head(segment("b", "paying"))])
    assert (found.as_said, found.otherwise) == (1, 2)


def test_what_another_version_has_kept_says_nothing_of_this_one() -> None:
    rule, other = segment("a", 'count("Signed In", days=7) > 1'), segment("a", 'count("Signed In", days=7) > 2')
    assert live(rule, heads=[head(other, **{SIGN_INS: SINCE})]).warming_until(SINCE) is None


def test_a_rule_that_no_file_says_is_gone_with_what_its_members_are_in() -> None:
    tier = Tier("life", (Level("other", Always(True)),))
    shard = replace(head(segment("a", "paying"), tier), time_ms=SINCE)
    found = take_inventory(Rulebook((segment("b", "paying"),)), [shard, head()])
    assert found.gone == {"a": ("a",), "life": ("life/other",)}
    assert (found.shards, found.time_ms) == (2, SINCE)
