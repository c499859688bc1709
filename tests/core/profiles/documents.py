"""Documents of profiles, for tests: any value, and what comes of events."""

from collections.abc import Mapping

from hypothesis import strategies as st

from streams.core.events import Event, Value
from streams.core.profiles.document import Document

TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
EVERYTHING: st.SearchStrategy[Value] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXTS,
    st.lists(st.integers() | TEXTS, max_size=3),
)


def identify(traits: Mapping[str, Value], ts: int = 0) -> Event:
    return Event("u-1", ts, "", False, None, {}, traits)


def folded(*events: Event) -> Document:
    document = Document()
    for event in events:
        document.fold(event)
    return document
