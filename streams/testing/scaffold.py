"""A folder of one's own rules, to begin with: a rule, its stories, and what runs them.

Comes in: where. Goes out: the files, none of which was there before.
"""

from pathlib import Path
from typing import Final

from streams import __version__
from streams.errors import UsageError
from streams.rulefiles.schema import schema_text
from streams.testing.story_schema import story_schema_text

RULE: Final = """\
# yaml-language-server: $schema=schema.json
segment: gone-quiet
description: Paying customers whom we have not seen for a week.
enter: paying and idle_days >= 7
exit: idle_days < 1
include: [plan]
labels:
  owner: customer-success
  action: ask what is in their way
"""
STORIES: Final = """\
# yaml-language-server: $schema=stories.schema.json
a paying customer is not seen for a week:
  events: |
    2026-03-01 08:00              ann  Subscription Started  plan=pro mrr=49
    2026-03-01..2026-03-05 09:00  ann  Signed In
  until: 2026-03-31
  changes: |
    2026-03-12 09:00  ann  enters gone-quiet  (timer)

who comes back is no longer quiet:
  events: |
    2026-03-01 08:00  ann  Subscription Started  plan=pro mrr=49
    2026-03-01 09:00  ann  Signed In
    2026-03-20 10:30  ann  Report Created
  changes: |
    2026-03-08 09:00  ann  enters gone-quiet  (timer)
    2026-03-20 10:30  ann  leaves gone-quiet  (Report Created)

who pays nothing is not missed:
  events: |
    2026-03-01 09:00  ann  Signed In
  until: 2026-03-31
  changes: ""
"""
TEST: Final = '''\
"""Each story beside the rules is a test: run `pytest`."""

from pathlib import Path

from streams.testing import story_tests

test_stories = story_tests(Path(__file__).parent / "rules")
'''
WORKFLOW: Final = f"""\
# GitHub looks for this file in the root of a repository.
name: rules
on: [push, pull_request]
jobs:
  rules:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - run: pip install "streaming-segmenter>={__version__}" pytest
      - run: segmenter check
      - run: pytest
"""
README: Final = """\
# Our rules

A file is a rule, and is called as it: `gone-quiet.yaml` says who is in the segment `gone-quiet`. Beside it, in
`gone-quiet.stories.yaml`, stands what it does, told as stories that anybody can read and add to.

    segmenter check                are all rules right?
    segmenter test                 do they do what their stories tell?
    segmenter check --language     all that a rule can say, with an example of each

Editors that know YAML complete and check rules and stories as you type, by `schema.json` and `stories.schema.json`. A
new version of segmenter may know more: `segmenter check --schema > rules/schema.json`, and `segmenter test --schema`.
"""


def files() -> dict[str, str]:
    """What the folder has, by its path in it."""
    return {
        "rules/gone-quiet.yaml": RULE,
        "rules/gone-quiet.stories.yaml": STORIES,
        "rules/README.md": README,
        "rules/schema.json": schema_text(),
        "rules/stories.schema.json": story_schema_text(),
        "test_rules.py": TEST,
        ".github/workflows/rules.yml": WORKFLOW,
    }


def make(folder: Path) -> list[str]:
    """Write them all, or none where one of them is there already. Their paths within the folder."""
    found = files()
    there = [path for path in found if (folder / path).exists()]
    if there:
        raise UsageError(f"{folder / there[0]} is there already, so that nothing was written.")
    try:
        for path, text in found.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("x", encoding="utf-8") as opened:
                opened.write(text)
    except OSError as error:
        raise UsageError(f"{error.filename} cannot be written: {error.strerror}") from error
    return list(found)
