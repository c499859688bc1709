"""What a folder of rules of one's own begins with.

Comes in: nothing. Goes out: the text of each file, by its path.
"""

from streams import __version__
from streams.rulefiles.schema import schema_text

RULE = """\
# yaml-language-server: $schema=schema.json
segment: churn-risk
description: Paying customers who were active and went quiet.
enter: paying and active_days(days=30) >= 8 and idle_days >= 7
exit: idle_days < 1
include: [plan]
"""
STORIES = """\
a paying customer goes quiet for a week, and comes back:
  events: |
    2026-03-01 08:00              ann  Subscription Started  plan=pro mrr=49
    2026-03-01..2026-03-08 09:00  ann  Signed In
    2026-03-20 10:00              ann  Signed In
  until: 2026-03-21
  changes: |
    2026-03-15 09:00  ann  enters churn-risk  (timer)
    2026-03-20 10:00  ann  leaves churn-risk  (Signed In)

who pays nothing is no churn risk:
  events: |
    2026-03-01..2026-03-08 09:00  ann  Signed In
  until: 2026-03-31
  changes: ""
"""
TEST = """\
import pytest

from streams.stories import stories


@pytest.mark.parametrize("story", stories("rules"), ids=str)
def test_the_rules_do_as_told(story):
    story.check()
"""
WORKFLOW = f"""\
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
      - run: pip install "streaming-segmenter>={__version__}"
      - run: segmenter check rules
      - run: segmenter test rules
"""


def files() -> dict[str, str]:
    return {
        "rules/churn-risk.yaml": RULE,
        "rules/churn-risk.stories.yaml": STORIES,
        "rules/schema.json": schema_text(),
        "test_rules.py": TEST,
        ".github/workflows/rules.yml": WORKFLOW,
    }
