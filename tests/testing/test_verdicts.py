"""What is shown where a story goes otherwise than it is told."""

import pytest

from streams.errors import RuleError
from streams.settings import Settings
from streams.testing import parse_rules
from streams.testing.storyfiles import Story, read_stories
from streams.testing.verdicts import tell

RULES = parse_rules("segment: gone-quiet\nenter: paying and idle_days >= 7\n")


def story(events: str, changes: str, until: str | None = "2026-03-31") -> Story:
    indented = ["|\n" + "".join(f"    {line.strip()}\n" for line in text.splitlines()) for text in (events, changes)]
    head = f"  until: {until}\n" if until else ""
    text = f"it happens:\n  events: {indented[0]}{head}  changes: {indented[1]}"
    (told,) = read_stories("gone-quiet.stories.yaml", text, RULES, "gone-quiet")
    return told


PAYS = "2026-03-01 08:00  ann  Subscription Started  mrr=49\n"
SIGNS_IN = "2026-03-01 09:00  ann  Signed In\n"


def test_what_leads_to_a_change_may_be_left_out() -> None:
    assert tell(story(PAYS + SIGNS_IN, "2026-03-08 09:00  ann  enters gone-quiet")).agrees
    assert tell(story(PAYS + SIGNS_IN, "2026-03-08 09:00  ann  enters gone-quiet  (timer)")).agrees


def test_what_else_leads_to_it_is_shown() -> None:
    verdict = tell(story(PAYS + SIGNS_IN, "2026-03-08 09:00  ann  enters gone-quiet  (Signed In)"))
    assert str(verdict).splitlines() == [
        "gone-quiet.stories.yaml:1: it happens",
        "    -  2026-03-08 09:00  ann  enters gone-quiet  (Signed In)",
        "    +  2026-03-08 09:00  ann  enters gone-quiet  (timer)",
    ]


def test_both_are_shown_in_order_of_time_with_what_stands_against_a_change() -> None:
    happened = PAYS + SIGNS_IN + SIGNS_IN.replace("ann", "bob") + "2026-03-20 10:00  ann  Signed In\n"
    told = """2026-03-08 09:00  bob  enters gone-quiet  (timer)
              2026-03-08 09:00  ann  enters gone-quiet  (timer)
              2026-03-20 11:00  ann  leaves gone-quiet  (Signed In)"""
    verdict = tell(story(happened, told, until="2026-03-21"))
    assert not verdict.agrees
    assert str(verdict).splitlines() == [
        "gone-quiet.stories.yaml:1: it happens",
        "    -  2026-03-08 09:00  bob  enters gone-quiet  (timer)",
        "        by then out, and never was in: not paying",
        "       2026-03-08 09:00  ann  enters gone-quiet  (timer)",
        "    +  2026-03-20 10:00  ann  leaves gone-quiet  (Signed In)",
        "    -  2026-03-20 11:00  ann  leaves gone-quiet  (Signed In)",
        "        by then out since Fri 20 Mar 10:00, change 2:",
        "            not idle_days >= 7 (is 0.04)",
    ]


def test_what_was_not_known_yet_stands_against_nothing() -> None:
    late = PAYS + SIGNS_IN + "2026-03-09 09:00  ann  identify  vip=true\n2026-03-05 09:00  ann  Signed In\n"
    verdict = tell(story(late, "2026-03-08 08:00  ann  enters gone-quiet  (timer)", until="2026-03-10"))
    assert "not idle_days >= 7 (is 6.96)" in str(verdict)


def test_a_story_that_ends_too_early_is_told_how_far_time_comes() -> None:
    verdict = tell(story(PAYS + SIGNS_IN, "2026-03-08 09:00  ann  enters gone-quiet  (timer)", until=None))
    assert "the story ends before that, at 2026-03-01 09:00: `until` says how far" in str(verdict)


def test_somebody_to_whom_nothing_happened_is_told() -> None:
    verdict = tell(story(PAYS + SIGNS_IN, "2026-03-08 09:00  cid  enters gone-quiet  (timer)"))
    assert "nothing has happened to cid by then" in str(verdict)


def test_changes_of_different_users_may_be_told_in_any_order() -> None:
    both = PAYS + SIGNS_IN + (PAYS + SIGNS_IN).replace("ann", "bob")
    told = ["2026-03-08 09:00  ann  enters gone-quiet", "2026-03-08 09:00  bob  enters gone-quiet"]
    assert tell(story(both, "\n".join(told))).agrees
    assert tell(story(both, "\n".join(reversed(told)))).agrees


def test_a_record_that_no_worker_would_use_is_a_fault_in_its_line() -> None:
    with pytest.raises(RuleError, match=r"(?s)gone-quiet\.stories\.yaml:4:5: .*mrr"):
        tell(story(SIGNS_IN + PAYS.replace("49", "much"), ""))


def test_days_begin_where_the_settings_say_unless_the_story_does() -> None:
    rules = parse_rules('segment: today\nenter: count("Signed In", days=1) >= 1\n')
    text = """\
it happens:
  events: |
    2026-03-01 09:00  ann  Signed In
  until: 2026-03-03
  changes: |
    2026-03-01 09:00  ann  enters today  (Signed In)
    2026-03-02 08:00  ann  leaves today  (timer)
"""
    (told,) = read_stories("today.stories.yaml", text, rules, "today")
    assert not tell(told).agrees
    assert tell(told, Settings.from_environment({"SEGMENTER_UTC_OFFSET": "-08:00"})).agrees
    (own,) = read_stories("today.stories.yaml", text + '  utc_offset: "-08:00"\n', rules, "today")
    assert tell(own).agrees
