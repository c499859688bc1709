"""What other languages say between two values, such as `plan like "pro%"` or `mrr between 5 and 10`.

Comes in: the words of an expression. Goes out: each such idiom, with what to write instead.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, Protocol

ABSENT: Final = frozenset("missing null none nil undefined empty blank unset".split())
PRESENT: Final = frozenset("present set known".split())
OF_TEXTS: Final = {
    "like": "like",
    **dict.fromkeys(("contains", "contain", "includes", "include", "matches", "ilike"), "contains"),
    **dict.fromkeys(("startswith", "starts_with", "beginswith", "begins_with"), "starts_with"),
    **dict.fromkeys(("endswith", "ends_with"), "ends_with"),
}
OF_TWO: Final = {"starts with": "starts_with", "begins with": "starts_with", "ends with": "ends_with"}
EQUALS: Final = frozenset("equals equal eq".split())


class Word(Protocol):
    """A word of the expression; `closes` where a value may end with it, `opens` where one may begin with it."""

    @property
    def text(self) -> str: ...

    @property
    def closes(self) -> bool: ...

    @property
    def opens(self) -> bool: ...


class Idiom(NamedTuple):
    """at: the place of the word that says it. last: that of its last word. instead: what to write, in full."""

    at: int
    last: int
    instead: str


def idioms(words: Sequence[Word]) -> Iterator[Idiom]:
    """
    >>> from streams.core.language.spelling import tokens
    >>> for text in ('plan like "pro%"', "mrr between 5 and 10", "plan is not null", 'count("A") is 3', "plan exists"):
    ...     print([idiom.instead for idiom in idioms(list(tokens(text)))])
    ['starts_with(plan, "pro")']
    ['5 <= mrr <= 10']
    ['not missing(plan)']
    ['count("A") == 3']
    ['not missing(plan)']
    """
    for at in range(1, len(words)):
        negated = words[at - 1].text.lower() == "not" or _words(words, at - 2, 2) == ("does", "not")
        before = at - (2 if _words(words, at - 2, 2) == ("does", "not") else negated) - 1
        if before >= 0 and words[before].closes and (found := _idiom(words, at, _value(words, before), negated)):
            yield found


def _idiom(words: Sequence[Word], at: int, value: str, negated: bool) -> Idiom | None:
    word, after = words[at].text.lower(), _words(words, at + 1, 4)
    no = "not " if negated else ""
    if word in OF_TEXTS:
        return _of_text(words, at, at + 1, OF_TEXTS[word], value, no)
    if (both := " ".join((word, *after[:1]))) in OF_TWO:
        return _of_text(words, at, at + 2, OF_TWO[both], value, no)
    if word == "between" and after[1:2] == ("and",) and len(after) > 2:
        return Idiom(at, at + 3, f"{no}{words[at + 1].text} <= {value} <= {words[at + 3].text}")
    if word == "exists":
        return Idiom(at, at, f"missing({value})" if negated else f"not missing({value})")
    if word == "is":
        return _is(words, at, value, after)
    if word in EQUALS and after and words[at + 1].opens:
        return Idiom(at, at + 1, f"{value} {'!=' if negated else '=='} {words[at + 1].text}")
    return None


def _is(words: Sequence[Word], at: int, value: str, after: tuple[str, ...]) -> Idiom | None:
    negated = after[:1] == ("not",)
    last = at + 1 + negated
    if last >= len(words):
        return None
    said = words[last].text.lower()
    if said in ABSENT or said in PRESENT:
        return Idiom(at, last, f"missing({value})" if (said in ABSENT) is not negated else f"not missing({value})")
    if words[last].opens:
        return Idiom(at, last, f"{value} {'!=' if negated else '=='} {words[last].text}")
    return None


def _of_text(words: Sequence[Word], at: int, sought: int, function: str, value: str, no: str) -> Idiom | None:
    if sought >= len(words) or not words[sought].opens:
        return None
    text = words[sought].text
    if function == "like":
        inner, function = text.strip("\"'"), "contains"
        if inner.endswith("%") and not inner.startswith("%"):
            function = "starts_with"
        elif inner.startswith("%") and not inner.endswith("%"):
            function = "ends_with"
        text = f'"{inner.strip("%")}"'
    return Idiom(at, sought, f"{no}{function}({value}, {text})")


def _value(words: Sequence[Word], end: int) -> str:
    """The text of the value that ends there: a word, or a call with its brackets."""
    start, open_brackets = end, 0
    while start >= 0:
        open_brackets += {")": 1, "]": 1, "(": -1, "[": -1}.get(words[start].text, 0)
        if open_brackets == 0:
            break
        start -= 1
    start = max(0, start)
    if words[end].text == ")" and start > 0 and words[start - 1].opens:
        start -= 1
    text = ""
    for word in words[start : end + 1]:
        text += f"{word.text} " if word.text == "," else word.text
    return text


def _words(words: Sequence[Word], start: int, count: int) -> tuple[str, ...]:
    return tuple(word.text.lower() for word in words[max(0, start) : start + count]) if start + count > 0 else ()
