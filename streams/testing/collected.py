"""Stories as tests: one line in a file of tests, and pytest runs each story as a test of its own."""

from collections.abc import Callable
from pathlib import Path

from streams.settings import Settings
from streams.testing.message_stories import MessageStory, message_stories_beside
from streams.testing.message_verdicts import tell_message
from streams.testing.storyfiles import Story, stories_beside
from streams.testing.verdicts import DEFAULTS, LEGEND, tell


def story_tests(rules: Path | str, settings: Settings = DEFAULTS) -> Callable[[Story | MessageStory], None]:
    """A test for each story beside the rules and messages of a folder. In `test_rules.py`, which pytest finds:

        from streams.testing import story_tests

        test_stories = story_tests("rules")

    settings: your workers' own, where they say more than the defaults (`Settings.current()` reads the environment).
    """
    import pytest

    told = [*stories_beside(Path(rules)), *message_stories_beside(Path(rules))]

    @pytest.mark.filterwarnings("ignore:overflow")  # numpy's: an overflow is missing, as rules have it
    @pytest.mark.parametrize("story", told, ids=str)
    def test_story(story: Story | MessageStory) -> None:
        verdict = tell(story, settings) if isinstance(story, Story) else tell_message(story)
        if not verdict.agrees:
            pytest.fail(f"{verdict}\n\n{LEGEND}", pytrace=False)

    return test_story
