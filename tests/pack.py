"""The page of the rule pack, made from the rule files: `python -m tests.pack > rules/README.md`.

Comes in: the rules that ship. Goes out: the page, which a test holds against the one that is there.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from streams.core.compiler.catalog import Catalog
from streams.core.rules.rulebook import Rule, Rulebook
from streams.core.rules.traversal import events_of
from streams.rulefiles import load
from streams.rulefiles.folder import find

ROOT: Final = Path(__file__).parent.parent
LABELS: Final = ("owner", "why", "action")
INTRODUCTION: Final = """\
# The rule pack

Copy what fits, change the numbers, delete the rest: each rule is a file of a few lines. All of them name the same
events and traits, which are listed at the end; where yours have other names, `segmenter check --seen` tells you. Each
has [stories](../docs/testing.md) beside it that say when it speaks, and `segmenter test` tells whether they still hold
after a change. How to read a hypothesis off two of them: [`HYPOTHESES.md`](HYPOTHESES.md). What else a rule can say:
[`docs/rules.md`](../docs/rules.md).
"""
TITLES: Final = {
    ".": "To begin with",
    "lifecycle": "Lifecycle",
    "value": "Value: RFM, revenue, effort",
    "adoption": "Adoption",
    "company": "Company and person",
    "technology": "Technology",
    "feedback": "Feedback",
    "needs": "Needs and consent",
}
# What the events mean that rules read, and the properties that they look at.
EVENTS: Final = {
    "Coupon Applied": "",
    "Feature Used": "`feature`",
    "Integration Connected": "",
    "Invite Sent": "",
    "Limit Reached": "",
    "Onboarding Completed": "",
    "Pricing Viewed": "",
    "Signed In": "",
    "Signed Up": "",
    "Support Ticket Opened": "`priority`, `topic`",
    "Survey Answered": "`survey` (`nps`), `score` (0 to 10)",
    "Invoice Paid": "a billing update",
    "Payment Failed": "a billing update",
    "Trial Started": "a billing update",
}


def files() -> dict[str, Path]:
    return {path.stem: path for path in find(ROOT / "rules")[0]}


def page() -> str:
    return "\n".join(_lines(load(ROOT / "rules"))) + "\n"


def _lines(book: Rulebook) -> Iterator[str]:
    yield INTRODUCTION
    paths, rules = files(), {rule.name: rule for rule in book.rules}
    for folder, title in TITLES.items():
        yield f"## {title}\n"
        yield "| rule | who | why it matters | whose | what to do |"
        yield "| --- | --- | --- | --- | --- |"
        for name, path in paths.items():
            if str(path.parent.relative_to(ROOT / "rules")) == folder:
                yield _row(rules[name], path)
        yield ""
    yield "## The words that they use\n"
    yield "Events: " + ", ".join(_event(name) for name in sorted(events(book))) + ".\n"
    yield "Traits: " + ", ".join(f"`{name}`" for name in sorted(Catalog(book).traits)) + "."


def _row(rule: Rule, path: Path) -> str:
    link = f"[`{rule.name}`]({path.relative_to(ROOT / 'rules')})"
    return f"| {link} | {rule.description} | {' | '.join(rule.labels[label] for label in ('why', 'owner', 'action'))} |"


def events(book: Rulebook) -> set[str]:
    sets = (events_of(feature) for feature in Catalog(book).features)
    return {name for each in sets if each is not None for name in each.names or ()}


def _event(name: str) -> str:
    return f"`{name}`" + (f" ({EVENTS[name]})" if EVENTS[name] else "")


if __name__ == "__main__":
    print(page(), end="")
