"""Files of stories: what they say, or every fault of theirs with its place."""

from pathlib import Path

import pytest

from streams.errors import RuleError
from streams.testing import instant, parse_rules
from streams.testing.lines import Told
from streams.testing.storyfiles import Story, read_stories, stories_beside

QUIET = "segment: gone-quiet\nenter: paying and idle_days >= 7\n"
LIFE = "tier: life\nlevels: {new: tenure_days < 3, here: otherwise}\n"
RULES = parse_rules(QUIET, LIFE)
STORY = """\
a week goes by:
  events: |
    2026-03-01 08:00              ann  Subscription Started  plan="pro plus" mrr=49
    2026-03-01..2026-03-02 09:00  ann  Signed In             tags=["a b",  "c"] messageId=x context.active=false
    2026-03-02                    ann  identify              company.size=12 vip=null
  until: 2026-03-31
  utc_offset: "-08:00"
  changes: |
    2026-03-09 09:00      ann  enters gone-quiet  (timer)
    2026-03-10 09:00:30   ann  leaves gone-quiet
"""


def one(text: str) -> Story:
    (story,) = read_stories("gone-quiet.stories.yaml", text, RULES, "gone-quiet")
    return story


def faults(text: str) -> list[str]:
    """Each as its place, what is wrong, and what to write."""
    with pytest.raises(RuleError) as error:
        read_stories("a.yaml", text, RULES, "gone-quiet")
    return [f"{fault.line}:{fault.column} {fault.message}; {fault.hint}" for fault in error.value.faults]


def story(events: str = "2026-03-01 09:00  ann  Signed In", changes: str = '""', more: str = "") -> str:
    return f"it happens:\n  events: |\n    {events}\n{more}  changes: {changes}\n"


def test_a_story_says_what_happened_and_what_comes_of_it() -> None:
    told = one(STORY)
    assert (told.title, told.line, str(told)) == ("a week goes by", 1, "gone-quiet: a week goes by")
    assert [(each["type"], each["timestamp"][:16], each["messageId"]) for each in told.records] == [
        ("billing", "2026-03-01T08:00", "0"),
        ("track", "2026-03-01T09:00", "x"),
        ("track", "2026-03-02T09:00", "x"),
        ("identify", "2026-03-02T00:00", "3"),
    ]
    assert told.records[0]["properties"] == {"plan": "pro plus", "mrr": 49}
    assert told.records[1]["properties"] == {"tags": ["a b", "c"]}
    assert told.records[1]["context"] == {"active": False}
    assert told.records[3]["traits"] == {"company.size": 12, "vip": None}
    assert told.expected == [
        Told(instant("2026-03-09 09:00"), "ann", "enters gone-quiet", "gone-quiet", "timer"),
        Told(instant("2026-03-10 09:00:30"), "ann", "leaves gone-quiet", "gone-quiet", None),
    ]
    assert (told.until_ms, told.timezone) == (instant("2026-03-31"), "-08:00")


def test_rules_may_be_brought_along_by_the_file_or_by_a_story() -> None:
    for_all = 'rules: [{segment: keen, enter: "count(any) > 1"}]\n'
    own = '  rules: [{tier: age, levels: {new: "tenure_days < 1", old: otherwise}}]\n'
    first, second = read_stories("a.yaml", for_all + story() + story(more=own).replace("it", "that"))
    assert (first.rulebook.names, second.rulebook.names) == (("keen",), ("age",))
    assert first.rule is second.rule is None


@pytest.mark.parametrize(
    ("events", "place", "message", "hint"),
    [
        ("2026-03-01 09:00 ann  Signed In", "3:5", "here belong when, who, what happened", "two blanks or more"),
        ("2026-03-01  09:00  ann  Signed In", "3:17", "one blank belongs between the day and the time", "2026-03-01 "),
        ("2026-13-01 09:00  ann  Signed In", "3:5", "`2026-13-01 09:00` is no time", "2026-03-01 09:00"),
        ("2026-03-05..2026-03-01 09:00  ann  X", "3:5", "`2026-03-05..2026-03-01 09:00` is no time", "every day"),
        ("2026-03-01 09:00  ann  X  plan=pro, yes", "3:41", "`yes` is no key=value", "`plan=pro`"),
        ("2026-03-01 09:00  as a-1 as x  X", "3:23", "`as` stands here twice", "`ann as anon-1`"),
        ("2026-03-01 09:00  ann as a-1 as x  X", "3:23", "`as` stands here twice", "a line for each"),
        ("2026-03-01..9999-03-08 09:00  ann  X", "3:5", "a story has up to 10,000 events", "fewer days"),
    ],
)
def test_a_line_of_events_that_cannot_be_read_is_told_with_its_place(
    events: str, place: str, message: str, hint: str
) -> None:
    (fault,) = faults(story(events))
    assert fault.startswith(f"{place} {message}")
    assert hint in fault.partition("; ")[2]


def test_a_story_of_many_lines_with_many_days_each_has_no_more_events_than_one_line_and_says_so_once() -> None:
    days = "2001-01-01..2020-01-01 09:00  ann  X"  # 6,940
    assert faults(story("\n    ".join(3 * [days]))) == [
        "4:5 a story has up to 10,000 events; take fewer days, or several stories"
    ]
    assert len(one(story(days)).records) == 6_940


@pytest.mark.parametrize(
    ("line", "place", "message", "hint"),
    [
        ("2026-03-09 09:00  ann  enter gone-quiet", "5:28", "this is no change", "did you mean `enters`?"),
        ("2026-03-09 09:00  ann  gone-quiet", "5:28", "this is no change", "write `enters NAME`"),
        ("2026-03-09 9h  ann  enters gone-quiet", "5:5", "`2026-03-09 9h` is no time", "2026-03-01 09:00"),
        ("2026-03-09 09:00  ann  enters gone-quiet  timer", "5:47", "here stands what led to it", "(timer)"),
        ("2026-03-09 09:00  ann  enters gone-quit", "5:5", "no rule of this story makes", "`gone-quiet`"),
        ("2026-03-09 09:00  ann  is now life/here", "5:5", "no rule of this story makes", "there are gone-quiet"),
    ],
)
def test_a_line_of_changes_that_cannot_be_read_is_told_with_its_place(
    line: str, place: str, message: str, hint: str
) -> None:
    (fault,) = faults(story(changes=f"|\n    {line}"))
    assert fault.startswith(f"{place} {message}")
    assert hint in fault.partition("; ")[2]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 3\n", ["1:1 this is no story"]),
        ('a:\n  changes: ""\n', ["1:1 this story has no `events`"]),
        (story(more="  untill: 2026-03-31\n"), ["4:3 a story has no `untill`; did you mean `until`?"]),
        (story(more="  until: soon\n"), ["4:10 `soon` cannot be read"]),
        (
            story(more="  timezone: America/NewYork\n"),
            ["4:13 'America/NewYork' is no time zone; did you mean America/New_York?"],
        ),
        (story(more="  utc_offset: 8\n"), ["4:15 `8` cannot be read; an offset is written like -08:00"]),
        (story(changes="[a]"), ["4:12 a text belongs here; write `|` after the colon"]),
        (story() + story(), ["5:1 `it happens` is given twice; keep one of them"]),
        (story(more="  rules: 3\n"), ["4:10 here belongs a list of rules"]),
        (story(more="  rules: [{segment: a, enter: idle_dys > 1}]\n"), ["2:8 "]),
    ],
)
def test_a_story_that_is_none_is_told_with_its_place(text: str, told: list[str]) -> None:
    assert [found[: len(each)] for found, each in zip(faults(text), told, strict=True)] == told


def test_a_story_without_rules_says_how_to_come_by_some() -> None:
    with pytest.raises(RuleError, match=r"(?s)nothing says which rules.*churn-risk\.stories\.yaml"):
        read_stories("a.yaml", story())


def test_stories_stand_beside_their_rules_and_are_no_rules_themselves(tmp_path: Path) -> None:
    inner = tmp_path / "value"
    inner.mkdir()
    for folder, name, rule in ((tmp_path, "gone-quiet", QUIET), (inner, "life", LIFE)):
        (folder / f"{name}.yaml").write_text(rule)
        (folder / f"{name}.stories.yaml").write_text(story())
    assert [(each.rule, each.rulebook.names) for each in stories_beside(tmp_path)] == [
        ("gone-quiet", ("gone-quiet",)),
        ("life", ("life",)),
    ]
    assert [each.rule for each in stories_beside(inner / "life.yaml")] == ["life"]


def test_a_rule_comes_with_all_that_it_reads(tmp_path: Path) -> None:
    scores = "scores: rfm\nrecency: idle_days\nfrequency: count(any)\nmonetary: mrr\nmethod: quintiles\n"
    asks = 'segment: top\nenter: in_segment("good") and rfm.r >= 4\n'
    for name, text in (("rfm", scores), ("top", asks), ("good", "segment: good\nenter: mrr > 9\n"), ("life", LIFE)):
        (tmp_path / f"{name}.yaml").write_text(text)
    (tmp_path / "top.stories.yaml").write_text(story())
    (told,) = stories_beside(tmp_path)
    assert told.rulebook.names == ("good", "rfm", "top")


def test_stories_of_a_rule_that_is_gone_are_a_fault(tmp_path: Path) -> None:
    (tmp_path / "gone-quiet.yaml").write_text(QUIET)
    (tmp_path / "gone-quit.stories.yaml").write_text(story())
    with pytest.raises(RuleError, match=r"(?s)no rule `gone-quit` beside these stories.*did you mean `gone-quiet`"):
        stories_beside(tmp_path)


def test_stories_of_a_rule_in_shadow_are_told_as_if_it_were_live(tmp_path: Path) -> None:
    (tmp_path / "gone-quiet.yaml").write_text(QUIET + "state: shadow\n")
    (tmp_path / "gone-quiet.stories.yaml").write_text(story())
    (told,) = stories_beside(tmp_path)
    assert [rule.is_shadow for rule in told.rulebook.rules] == [False]
