"""A feed as a browser is told of it."""

from typing import Any

from streams.delivery.feed import Counts, Entry, Feed, FeedMessage, Mark

NOW = 1_000


def message(name: str, created_at: int = 1, **parts: Any) -> FeedMessage:
    return FeedMessage(name, "hello", parts.pop("kind", "card"), "Hello", created_at, **parts)


def feed(*messages: FeedMessage, marks: dict[str, dict[Mark, int]] | None = None, **parts: Any) -> Feed:
    """The messages came in this order, at 1, 2, ..."""
    entries = {each.id: Entry(each.encode(), at, (marks or {}).get(each.id, {})) for at, each in enumerate(messages, 1)}
    known: dict[str, Any] = {"last": len(messages), "floor": 1, "entries": entries}
    return Feed(**(known | parts))


def test_a_message_comes_back_as_it_was_put() -> None:
    full = message("m", body="B", variant="a", pages=("/x*",), priority=5, data={"k": "v"}, expires_at=9)
    assert FeedMessage.decode(full.encode()) == full


def test_what_stands_is_the_newest_first_without_what_has_expired() -> None:
    shown = feed(message("old", 1), message("new", 3), message("gone", 2, expires_at=NOW), message("b", 2))
    assert [each.message.id for each in shown.standing(NOW)] == ["new", "b", "old"]
    assert [each.message.id for each in shown.standing(NOW - 1)] == ["new", "b", "gone", "old"]


def test_cards_are_counted_until_they_are_seen_and_read_and_not_once_they_are_dismissed() -> None:
    cards = [message(name) for name in ("fresh", "seen", "read", "dismissed")]
    marks: dict[str, dict[Mark, int]] = {
        "seen": {"seen": 1},
        "read": {"seen": 1, "read": 1},
        "dismissed": {"dismissed": 1},
    }
    assert feed(*cards, message("banner", kind="banner"), marks=marks).counts(NOW) == Counts(unseen=1, unread=2)


def test_whoever_knows_nothing_is_told_everything() -> None:
    update = feed(message("a"), message("b"), gone={"z": 2}).since(None, NOW)
    assert update.is_whole
    assert [each.message.id for each in update.messages] == ["a", "b"]
    assert (update.removed, update.cursor) == ((), 2)


def test_whoever_knows_some_is_told_what_came_and_went_after() -> None:
    shown = feed(message("a"), message("b"), message("c"), last=5, gone={"y": 1, "z": 5})
    update = shown.since(2, NOW)
    assert not update.is_whole
    assert [each.message.id for each in update.messages] == ["c"]
    assert (update.removed, update.cursor) == (("z",), 5)
    assert shown.since(5, NOW) == (False, (), (), 5)


def test_whoever_knows_it_from_too_long_ago_or_from_before_it_was_erased_begins_anew() -> None:
    shown = feed(message("a"), last=9, floor=4)
    assert shown.since(3, NOW).is_whole
    assert not shown.since(4, NOW).is_whole
    assert Feed().since(9, NOW) == (True, (), (), 0)
    assert not Feed().since(0, NOW).is_whole
