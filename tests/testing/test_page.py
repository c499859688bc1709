"""`docs/testing.md` shows what happens."""

from streams.testing import parse_rules
from streams.testing.storyfiles import read_stories
from streams.testing.verdicts import tell
from tests.pages import ROOT, blocks

PAGE = ROOT / "docs" / "testing.md"


def test_a_story_that_goes_otherwise_is_shown_as_the_page_shows_it() -> None:
    rule, story = (block.text for block in blocks(PAGE, "yaml"))
    rules = parse_rules(rule.replace("idle_days >= 7", "idle_days >= 8"))
    (told,) = read_stories("rules/gone-quiet.stories.yaml", story, rules, "gone-quiet")
    (shown,) = blocks(PAGE, "text")
    assert f"{tell(told)}\n" == shown.text


def test_the_python_that_is_shown_holds() -> None:
    _, code = blocks(PAGE, "python")
    exec(code.text, {})
