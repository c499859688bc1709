"""Changes in words."""

import operator
from decimal import Decimal

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.core.changes import Cause, Change, Reason, Type
from streams.outputs.change import decode_change, encode_change
from streams.outputs.wording import line_of, reason_in_words, value_in_words

QUIET = Reason("idle_days >= 7", 7.0, was=False, now=True)
PAYING = Reason("paying", True, was=True, now=True)


COMPARISONS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def told(*because: Reason, kind: Type = "segment.entered", cause: Cause = "timer") -> Change:
    at_ms = 1_772_960_400_000  # 2026-03-08T09:00:00Z
    name = "churn-risk"
    return Change("ann", name, kind, name, None, at_ms, cause, None, 1, "sha256:ab", because, (name,), {})


@pytest.mark.parametrize(
    ("value", "words"),
    [
        *((None, "missing"), (True, "true"), (7.0, "7"), (6.256, "6.26"), (1234567.0, "1234567"), ("pro", '"pro"')),
        *((0, "0"), (-0.001, "0"), (["api", "sso"], '["api","sso"]'), ("30", '"30"'), ("***", "***")),
        ("a\nb", '"a\\nb"'),
    ],
)
def test_values_are_written_as_in_a_rule(value: object, words: str) -> None:
    assert value_in_words(value) == words  # type: ignore[arg-type]  # one table for all kinds


@pytest.mark.parametrize(
    ("condition", "value", "words"),
    [
        ("idle_days >= 7", 6.99999, "6.99999"),
        ("idle_days >= 7", 7.0000001, "7.0000001"),
        ("rate > 0.001", 0.0009, "0.0009"),
        ("mrr > 9", 19.994, "19.99"),
        ("1 < idle_days <= 2.5", 2.5000001, "2.5000001"),
        ('count("7 days", days=30) >= 8', 11.0, "11"),
        ("days_since(x2) < 5", 1.9999, "2"),
    ],
)
def test_a_number_has_as_many_digits_as_its_comparison_needs(condition: str, value: float, words: str) -> None:
    assert value_in_words(value, condition) == words


@given(
    st.sampled_from(sorted(COMPARISONS)),
    st.decimals(-1_000, 1_000, places=3),
    st.floats(-1e-3, 1e-3) | st.floats(-2_000, 2_000),
)
@example(">=", Decimal(7), -1e-15)
@example("<", Decimal(0), -1e-300)
@example(">", Decimal("-5.123"), 1e-5)
def test_a_number_is_shown_so_that_its_comparison_holds_of_what_is_shown(
    comparison: str, limit: Decimal, beyond: float
) -> None:
    value, compare = float(limit) + beyond, COMPARISONS[comparison]
    shown = value_in_words(value, f"x {comparison} {limit}")
    assert compare(float(shown), float(limit)) == compare(value, float(limit))


def test_who_is_in_by_a_not_alone_is_in_because_something_does_not_hold() -> None:
    alone = Reason("mrr > 9", 0.0, was=False, now=False)
    assert reason_in_words(told(alone)) == "not mrr > 9 (is 0)"


def test_an_id_cannot_forge_a_line() -> None:
    change = msgspec.structs.replace(told(QUIET), subject="ann\n2026-03-08 09:00:00  bob")
    assert "\n" not in line_of(change)


def test_the_reason_is_what_flipped() -> None:
    assert reason_in_words(told(QUIET, PAYING)) == "idle_days >= 7 (is 7)"
    gone = Reason("paying", False, was=True, now=False)
    assert reason_in_words(told(QUIET, gone)) == "idle_days >= 7 (is 7), no longer paying (is false)"


def test_who_leaves_a_level_of_scores_does_so_because_of_who_is_scored() -> None:
    gone, unscored = Reason("paying", False, was=True, now=False), Reason("rfm.r >= 5", None, was=True, now=False)
    change = told(gone, unscored, kind="segment.exited")
    left = msgspec.structs.replace(change, rule="rfm", segment="rfm/champions")
    assert reason_in_words(left) == "no longer paying (is false)"


def test_where_nothing_flipped_the_reason_is_what_holds() -> None:
    assert reason_in_words(told(PAYING)) == "paying (is true)"


def test_who_leaves_when_time_alone_flipped_nothing_had_to_stay_until_then() -> None:
    back = Reason("idle_days < 1", 0.93, was=True, now=True)
    assert reason_in_words(told(back, kind="segment.exited")) == "min_stay is over: idle_days < 1 (is 0.93)"


def test_the_last_level_is_there_because_no_other_holds() -> None:
    change = told(Reason("mrr > 9", 0.0, was=False, now=False), kind="segment.changed")
    assert reason_in_words(change) == "no other level holds"


def test_other_causes_speak_for_themselves() -> None:
    assert reason_in_words(told(PAYING, cause="rule_change")) == "the rule is new or was changed"


def test_a_change_is_one_line() -> None:
    line = line_of(told(QUIET))
    assert line.split() == "2026-03-08 09:00:00 ann enters churn-risk idle_days >= 7 (is 7)".split()
    assert line_of(told(QUIET, kind="segment.exited")).split()[3] == "leaves"


def test_a_change_of_level_says_what_it_was_before() -> None:
    level = {"rule": "life", "segment": "life/power", "previous": "life/new"}
    change = msgspec.structs.replace(told(QUIET, kind="segment.changed"), **level)
    assert "ann          is now life/power               (was new) idle_days >= 7 (is 7)" in line_of(change)
    assert all(change.concerns([name]) for name in ("life", "life/new", "life/power"))
    assert not change.concerns(["churn-risk"])


def test_fields_of_later_versions_are_no_fault() -> None:
    raw = encode_change(told(QUIET)).replace(b"{", b'{"new":1,', 1)
    assert decode_change(raw) == told(QUIET)
