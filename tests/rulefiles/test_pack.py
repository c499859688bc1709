"""The rules that ship, and the page that tells of them."""

from streams.core.rules.rulebook import Scores, Tier
from streams.rulefiles import load
from tests.pack import EVENTS, LABELS, ROOT, TITLES, events, files, page


def test_the_page_is_what_the_files_say() -> None:
    assert (ROOT / "rules" / "README.md").read_text() == page(), "python -m tests.pack > rules/README.md"


def test_every_rule_says_whom_it_is_about_why_it_matters_whose_it_is_and_what_to_do() -> None:
    book = load(ROOT / "rules")
    assert len(book.rules) >= 25
    for rule in book.rules:
        assert len(rule.description) > 30, rule.name
        assert all(rule.labels.get(label) for label in LABELS), rule.name


def test_every_folder_has_a_title_and_every_event_is_explained() -> None:
    folders = {str(path.parent.relative_to(ROOT / "rules")) for path in files().values()}
    assert folders == set(TITLES)
    assert events(load(ROOT / "rules")) == set(EVENTS)


def test_there_are_segments_tiers_and_scores_among_them() -> None:
    kinds = [type(rule) for rule in load(ROOT / "rules").rules]
    assert kinds.count(Tier) >= 5
    assert kinds.count(Scores) == 1
