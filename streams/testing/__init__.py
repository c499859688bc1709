"""For tests of your own rules: records as producers send them, the changes they lead to, and stories.

    load_rules("rules")                the rules of a folder or a file
    parse_rules("segment: ...")        those of texts, a rule each
    track, identify, billing           records, as dicts ready for JSON
    changes(rules, records)            what becomes of everybody, in the order in which it is found
    explain(rules, records, "ann")     why somebody is where they are, and what comes next
    story_tests("rules")               a test for each story that stands beside the rules
    ManualClock                        a clock that is set by hand; where it is given as a time, it is what it shows

In `rules`, `records`, `outcome` and `clock`. Stories are read by `storyfiles`, `storyreader` and `lines`, told to the
engine by `verdicts`, and made tests by `collected`; those of messages are in `message_stories` and `message_verdicts`.
`story_schema` is for editors, `scaffold` the folder of `segmenter init`.

Times are written as `2026-03-01 09:00` (UTC where no zone is said), or are ms since 1970. What is wrong with a rule or
a story is a `streams.errors.RuleError` that names the place.

>>> rules = parse_rules('''
... segment: gone-quiet
... enter: idle_days >= 7
... ''')
>>> [change] = changes(rules, [track("ann", "Signed In", "2026-03-01 09:00")], until="2026-03-31")
>>> change.subject, change.type, change.occurred_at == instant("2026-03-08 09:00")
('ann', 'segment.entered', True)
>>> explain(rules, [track("ann", "Signed In", "2026-03-01 09:00")], "ann").rules[0].decisive[0].condition
'idle_days >= 7'
"""

from streams.testing.clock import ManualClock, Moment, instant
from streams.testing.collected import story_tests
from streams.testing.outcome import changes, decoded, explain
from streams.testing.records import Record, billing, identify, to_bytes, track
from streams.testing.rules import load_rules, parse_rules

__all__ = [
    "ManualClock",
    "Moment",
    "Record",
    "billing",
    "changes",
    "decoded",
    "explain",
    "identify",
    "instant",
    "load_rules",
    "parse_rules",
    "story_tests",
    "to_bytes",
    "track",
]
