"""What rules read of stored documents: the same as from each document itself."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from streams.core.events import Event, Value
from streams.core.kernel.layout import NEVER
from streams.core.profiles.columns import Columns
from streams.core.profiles.document import Document
from streams.core.profiles.ledger import LEDGER_EVENTS
from tests.core.profiles.documents import EVERYTHING, folded, identify

NAMES = ("plan", "mrr", "paying", "company.name", "subscription.renews_at", "é", 'said "so"', "a\\b")
READ = st.lists(st.sampled_from(NAMES), unique=True)
FIELD = """latest 'Signed In' where properties.format == "pdf" 'page'"""


@st.composite
def updates(draw: st.DrawFn) -> Event:
    which, mrr = draw(st.sampled_from("ab")), draw(st.sampled_from((0.0, 20.5, -3.0)))
    name = draw(st.sampled_from((*LEDGER_EVENTS,)))
    said: dict[str, Value] = {"subscription_id": which, "mrr": mrr, "plan": "pro"}
    return Event("u-1", draw(st.integers(0, 9)), name, False, None, said, {}, touches_ledger=True)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    traits = st.dictionaries(st.sampled_from(NAMES), EVERYTHING, max_size=4)
    made = folded(*draw(st.lists(st.builds(identify, traits, st.integers(0, 9)) | updates(), max_size=4)))
    for value in draw(st.lists(EVERYTHING, max_size=1)):
        made.keep_latest(FIELD, value, 1)
    made.see("distinct", 1, 1)
    return made if draw(st.booleans()) else Document()


@given(st.lists(documents(), max_size=4), READ)
def test_columns_have_what_each_document_says(all_of_them: Sequence[Document], names: Sequence[str]) -> None:
    read = Columns(names, [FIELD]).read([document.encode() for document in all_of_them])
    assert read.traits == {name: [document.read(name) for document in all_of_them] for name in names}
    assert read.latest == {FIELD: [document.latest.get(FIELD, (None, NEVER))[0] for document in all_of_them]}
