"""The profile table: a row, a document and a name for every subject of a shard.

Comes in: subject ids and values. Goes out: row numbers, and the arrays the kernel works on.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from streams.core.arrays import Ints
from streams.core.compiler.catalog import Catalog, Places
from streams.core.compiler.fields import Kind, latest_name
from streams.core.compiler.program import Program
from streams.core.events import Value
from streams.core.kernel.layout import (
    CLOCK,
    FAR,
    FIRST_SEEN,
    NEVER,
    NEWEST_ACTIVITY,
)
from streams.core.kernel.memory import SPARE_ROWS, Memory
from streams.core.profiles.columns import NOTHING, Columns
from streams.core.profiles.document import Document
from streams.core.profiles.index import Index
from streams.core.profiles.texts import texts_of, unread_texts
from streams.core.profiles.values import Values, Writes
from streams.core.rules.nodes import Compare, Constant, LastSeen, Read, Score, Trait

FIRST_ROWS = 1_024
OPEN_DOCUMENTS = 50_000
GROWTH = 1 + 1 / 16  # room for more is memory that nobody uses, and growing moves pages, not bytes


def orders_texts(catalog: Catalog) -> bool:
    """Whether any rule asks which of two texts comes first."""
    return any(
        isinstance(leaf, Compare)
        and leaf.operator not in ("==", "!=")
        and all(isinstance(side, Constant | Read | Score) for side in (leaf.left, leaf.right))
        and not any(isinstance(side, Constant) and not isinstance(side.value, str) for side in (leaf.left, leaf.right))
        for leaf in catalog.leaves
    )


class Table:
    """All profiles of a shard.

    texts: what each text code stands for.
    """

    def __init__(self, catalog: Catalog, program: Program, text_code: dict[str, int]):
        self._catalog = catalog
        self.values = Values(text_code, program.calendar)
        self._orders_texts = orders_texts(catalog)
        self._traits = {name: catalog.places(Trait(name)) for name in catalog.traits}
        self._latest = {latest_name(latest): catalog.places(latest) for latest in catalog.latest}
        self._columns = Columns(self._traits, self._latest)
        of_values = (*self._traits.values(), *self._latest.values())
        written = [word for places in of_values for word in (places.value, places.lowered)]
        self._text_words = [word for word in written if word is not None]
        self._distinct = [field for field in catalog.fields if field.kind is Kind.VALUES]
        self._calendar = program.calendar
        self._index = Index()
        self._documents: list[bytes] = []
        self._open: dict[int, Document] = {}
        self._changed_documents: set[int] = set()
        self.traits_refused = 0  # as there were too many, or they were too large
        self._empty_row = self._make_empty_row()
        self._space_words = program.space_words
        self.memory = Memory(
            words=np.empty((0, catalog.width), np.int64),
            due=np.empty(0, np.int64),
            dirty=np.empty(0, np.int64),
            space=np.zeros(program.space_words, np.int64),
        )
        self._grow(FIRST_ROWS)
        self.rank_texts()

    def __len__(self) -> int:
        """How many rows there are. Those of removed subjects stay, empty and never due, until new subjects get them."""
        return len(self._index)

    @property
    def profiles(self) -> int:
        """How many subjects there are."""
        return self._index.subjects

    @property
    def row_bytes(self) -> int:
        """What the rows take in memory."""
        return sum(part.nbytes for part in self.memory)

    def __contains__(self, subject: str) -> bool:
        return self.find(subject) is not None

    @property
    def subjects(self) -> list[str]:
        """All subjects, in the order of their rows."""
        return self.subjects_of(self.taken())

    def taken(self) -> Ints:
        """The rows that are somebody's."""
        return self._index.taken()

    def find(self, subject: str) -> int | None:
        """The row of a subject, if there is one."""
        return self._index.find(subject)

    def find_all(self, subjects: Sequence[str]) -> Ints:
        """The row of each subject, -1 where there is none."""
        return self._index.find_all(subjects)

    def row_of(self, subject: str) -> int:
        """The row of a subject; KeyError if there is none."""
        return int(self.rows_of([subject])[0])

    def rows_of(self, subjects: Sequence[str]) -> Ints:
        """The row of each subject; KeyError names one who has none."""
        rows = self._index.find_all(subjects)
        if (rows < 0).any():
            raise KeyError(subjects[int(np.argmin(rows))])
        return rows

    def subjects_of(self, rows: Ints) -> list[str]:
        """Whose rows they are; each must be somebody's."""
        return self._index.subjects_of(rows)

    def _make_empty_row(self) -> Ints:
        row = np.zeros(self._catalog.width, np.int64)
        row[[CLOCK, FIRST_SEEN, NEWEST_ACTIVITY]] = NEVER
        for feature, word in self._catalog.word.items():
            if isinstance(feature, LastSeen):
                row[word] = NEVER
        self._follow(row[None], np.zeros(1, np.int64), [b""])
        return row

    def _grow(self, rows: int) -> None:
        """Make room for `rows` profiles; the rows after the last one are the kernel's spare ones.

        The words grow where they are, so that there never are two tables; elsewhere only while somebody looks at them.
        """
        old, shape = len(self.memory.words), (rows + SPARE_ROWS, self._catalog.width)
        try:
            self.memory.words.resize(shape)
        except ValueError:
            words = np.zeros(shape, np.int64)
            words[:old] = self.memory.words
            self.memory = self.memory._replace(words=words)
        more = np.zeros(rows - len(self.memory.due), np.int64)
        due, dirty = np.append(self.memory.due, more), np.append(self.memory.dirty, more)
        self.memory = self.memory._replace(due=due, dirty=dirty)

    def rows(self, subjects: Sequence[str]) -> Ints:
        """The row of each subject; a subject never seen gets an empty one."""
        first_new = len(self)
        rows = self._index.rows(subjects)
        self._clear(first_new)
        return rows

    def remove(self, subject: str) -> int | None:
        """Forget a subject; returns the row that was hers, as empty as one of a subject without a past."""
        row = self._index.remove(subject)
        if row is not None:
            self._empty(slice(row, row + 1))
            self._documents[row] = b""
            self._open.pop(row, None)
            self._changed_documents.discard(row)
        return row

    def forget_texts(self, rows: Ints) -> None:
        """Forget the texts of rows that have been removed, here as they were, where no other row has them."""
        codes = self.values.named_by_none(texts_of(rows, self._text_words))
        for code in unread_texts(self.memory.words[: len(self)], self._text_words, codes):
            self.values.forget(code)

    def _clear(self, first: int) -> None:
        """Make the rows from `first` on those of subjects without a past."""
        count = len(self)
        if count > len(self.memory.due):
            self._grow(max(count, int(GROWTH * first)))
        self._documents += [b""] * (count - first)
        self._empty(slice(first, count))

    def _empty(self, rows: slice) -> None:
        self.memory.words[rows] = self._empty_row
        self.memory.due[rows] = FAR
        self.memory.dirty[rows] = 0

    def put_documents(self, rows: Ints, stored: Sequence[bytes], kept_in: Sequence[Mapping[str, int] | None]) -> None:
        """Set the stored documents of rows, and the words that follow from them.

        kept_in: of each, the fields of the row where other rules wrote it, each with the oldest bucket that counts in
        it. What a document has of features that its row did not count is out of date.
        """
        now = list(stored)
        for place, (row, raw, kept) in enumerate(zip(rows.tolist(), stored, kept_in, strict=True)):
            self._documents[row] = raw
            if kept is not None:
                document = Document.decode(raw)
                if document.forget_others(kept) | document.forget_before(kept):
                    now[place] = self._documents[row] = document.encode()
                    self._changed_documents.add(row)
        self._follow(self.memory.words, rows, now)

    def empty_row(self) -> Ints:
        """A copy of the row of a subject without a past."""
        return self._empty_row.copy()

    def rewrite(self, rows: Ints) -> None:
        """Set the words that follow from the documents of rows, which have changed."""
        if len(rows) == 1:
            self._follow_one(int(rows[0]))
        elif len(rows):
            self._follow(self.memory.words, rows, [self.document(row).encode() for row in rows.tolist()])
        self._changed_documents.update(rows.tolist())
        self.rank_texts()

    def document(self, row: int) -> Document:
        """The document of a row; say so when it has changed. It stays decoded until the changed ones are taken."""
        document = self._open.get(row)
        if document is None:
            if len(self._open) >= OPEN_DOCUMENTS:
                self._close_documents()
            document = self._open[row] = Document.decode(self._documents[row])
        return document

    def has_document(self, row: int) -> bool:
        return bool(self._documents[row]) or row in self._open

    def stored_document(self, row: int) -> bytes:
        """The document as it would be stored."""
        return self._open[row].encode() if row in self._open else self._documents[row]

    def document_changed(self, row: int) -> None:
        self._changed_documents.add(row)

    def take_changed_documents(self) -> list[tuple[str, bytes]]:
        """The documents changed since the last call, by subject."""
        self._close_documents()
        taken, self._changed_documents = sorted(self._changed_documents), set()
        subjects = self.subjects_of(np.array(taken, np.int64))
        return list(zip(subjects, map(self._documents.__getitem__, taken), strict=True))

    def _close_documents(self) -> None:
        for row in self._changed_documents & self._open.keys():
            document = self._open[row]
            if document.seen:
                clock = int(self.memory.words[row, CLOCK])
                document.forget_before({f.name: f.oldest_bucket(clock, self._calendar) for f in self._distinct})
            self._documents[row] = document.encode()
        self._open.clear()

    def trait_words(self, traits: Mapping[str, Value]) -> Writes:
        """What traits write into their profile's row: nothing where no rule reads them."""
        writes: Writes = []
        for name, value in traits.items():
            places = self._traits.get(name)
            writes += [] if places is None else self.values.written(places, value)
        return writes

    def _follow(self, words: Ints, rows: Ints, stored: Sequence[bytes]) -> None:
        """Set the words of rows that follow from their documents."""
        read = self._columns.read(stored)
        for name, places in self._traits.items():
            self._put(words, rows, places, read.traits[name])
        for name, places in self._latest.items():
            self._put(words, rows, places, read.latest[name])

    def _follow_one(self, row: int) -> None:
        """The same of one, whose document is decoded already."""
        document = self.document(row)
        writes = self.trait_words(document.read_all(self._traits))
        for name, places in self._latest.items():
            writes += self.values.written(places, document.latest.get(name, NOTHING)[0])
        for word, bits in writes:
            self.memory.words[row, word] = bits

    def _put(self, words: Ints, rows: Ints, places: Places, values: Sequence[Value]) -> None:
        """Write a value of each row. Most are those of many, and are worked out once."""
        keys = [value if value is None or value.__class__ is str else (value.__class__, str(value)) for value in values]
        distinct = dict(zip(keys, values, strict=True))
        place_of = dict(zip(distinct, range(len(distinct)), strict=True))
        writes = [self.values.written(places, value) for value in distinct.values()]
        bits = np.array([[bits for _, bits in each] for each in writes], np.int64)
        words[rows[:, None], [word for word, _ in writes[0]]] = bits[[place_of[key] for key in keys]]

    def rank_texts(self) -> None:
        """Bring the ranks up to date with the texts, where any rule asks for their order."""
        space = self.memory.space
        if self._orders_texts and len(space) != self._space_words + len(self.values.texts):
            ranked = np.concatenate([space[: self._space_words], self.values.ranks()])
            self.memory = self.memory._replace(space=ranked)
