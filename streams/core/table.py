"""The profile table: a row, a document and a name for every user of a shard, and the codes of texts.

Comes in: user ids and values. Goes out: row numbers, and the arrays the kernel works on.
"""

from itertools import repeat

import msgspec
import numpy as np

from streams.core.catalog import CLOCK, FIRST_SEEN, NEWEST_ACTIVITY, Catalog
from streams.core.documents import Document
from streams.core.events import Value
from streams.core.features import LastSeen, Trait, TraitTime
from streams.core.instants import parse_time
from streams.core.kernel import SPARE_ROWS, Memory
from streams.core.layout import BOOLEAN, FAR, LIST, MISSING, NEVER, NUMBER, TEXT
from streams.core.program import Ints, Program, number_bits
from streams.core.tree import Compare, Constant, Read

FIRST_ROWS = 1_024
GROWTH = 1 + 1 / 16  # room for more is memory that nobody uses, and growing moves pages, not bytes


def orders_texts(catalog: Catalog) -> bool:
    """Whether any rule asks which of two texts comes first."""
    return any(
        isinstance(leaf, Compare)
        and leaf.operator not in ("==", "!=")
        and all(isinstance(side, Constant | Read) for side in (leaf.left, leaf.right))
        and not any(isinstance(side, Constant) and not isinstance(side.value, str) for side in (leaf.left, leaf.right))
        for leaf in catalog.leaves
    )


class Table:
    """All profiles of a shard.

    users, documents: by row. row_of: user id -> row. texts: what each text code stands for.
    """

    def __init__(self, catalog: Catalog, program: Program, text_code: dict[str, int]):
        self._catalog = catalog
        self._code = text_code
        self.texts = list(text_code)
        self._orders_texts = orders_texts(catalog)
        self._traits = [(f.name, word) for f, word in catalog.word.items() if isinstance(f, Trait)]
        self._trait_times = [(f.name, word) for f, word in catalog.word.items() if isinstance(f, TraitTime)]
        self.users: list[str] = []
        self.documents: list[bytes] = []
        self.row_of: dict[str, int] = {}
        self._changed_documents: set[int] = set()
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
        return len(self.users)

    def _make_empty_row(self) -> Ints:
        row = np.zeros(self._catalog.width, np.int64)
        row[[CLOCK, FIRST_SEEN, NEWEST_ACTIVITY]] = NEVER
        for feature, word in self._catalog.word.items():
            if isinstance(feature, LastSeen):
                row[word] = NEVER
        for word, bits in self.trait_words(Document()):
            row[word] = bits
        return row

    def _grow(self, rows: int) -> None:
        """Make room for `rows` profiles; the rows after the last one are the kernel's spare ones.

        The arrays grow where they are, so there never are two tables. numpy refuses while anyone holds a view of one.
        """
        self.memory.words.resize((rows + SPARE_ROWS, self._catalog.width))
        self.memory.due.resize(rows)
        self.memory.dirty.resize(rows)

    def rows(self, users: list[str]) -> Ints:
        """The row of each user; a user never seen gets an empty one."""
        row_of, first_new = self.row_of, len(self.users)
        rows = np.fromiter(map(row_of.get, users, repeat(-1)), np.int64, len(users))
        for i in np.flatnonzero(rows < 0).tolist():
            user = users[i]
            row = row_of.setdefault(user, len(self.users))
            if row == len(self.users):
                self.users.append(user)
            rows[i] = row
        self._clear(first_new)
        return rows

    def _clear(self, first: int) -> None:
        """Make the rows from `first` on those of users without a past."""
        count = len(self.users)
        if count > len(self.memory.due):
            self._grow(max(count, int(GROWTH * first)))
        self.documents += [b""] * (count - first)
        self.memory.words[first:count] = self._empty_row
        self.memory.due[first:count] = FAR
        self.memory.dirty[first:count] = 0

    def put_document(self, user: str, raw: bytes) -> None:
        """Set a stored document, and the trait words that follow from it."""
        row = self.row_of[user]
        self.documents[row] = raw
        for word, bits in self.trait_words(Document.decode(raw)):
            self.memory.words[row, word] = bits

    def fold_document(self, row: int, document: Document) -> None:
        """Set a document that an event changed."""
        self.documents[row] = document.encode()
        self._changed_documents.add(row)

    def take_changed_documents(self) -> set[int]:
        """The rows whose document changed since the last call."""
        taken, self._changed_documents = self._changed_documents, set()
        return taken

    def _text(self, text: str) -> float:
        code = self._code.get(text)
        if code is None:
            code = self._code[text] = len(self.texts)
            self.texts.append(text)
        return float(code)

    def coded(self, value: Value) -> tuple[float, int]:
        """A value as the kernel holds it: a number, and its kind. Texts and lists are numbered per shard."""
        match value:
            case None:
                return np.nan, MISSING
            case bool():
                return float(value), BOOLEAN
            case str():
                return self._text(value), TEXT
            case list():
                return self._text(msgspec.json.encode(value).decode()), LIST
            case _:
                number = float(value)
                return (number, NUMBER) if np.isfinite(number) else (np.nan, MISSING)

    def decoded(self, number: float, kind: int) -> Value:
        """The value that `coded` made into these. A whole number comes back as an int."""
        if kind == NUMBER:
            return int(number) if number.is_integer() and abs(number) < 2**53 else number
        if kind == BOOLEAN:
            return bool(number)
        if kind == TEXT:
            return self.texts[int(number)]
        if kind == LIST:
            return msgspec.json.decode(self.texts[int(number)], type=list[object])
        return None

    def trait_words(self, document: Document) -> list[tuple[int, int]]:
        """What a document writes into its profile's row: (word, bits) of every trait that rules read."""
        written: list[tuple[int, int]] = []
        for name, word in self._traits:
            number, kind = self.coded(document.read(name))
            written += [(word, number_bits(number)), (word + 1, kind)]
        for name, word in self._trait_times:
            ms = parse_time(document.read(name))
            written.append((word, NEVER if ms is None else ms))
        return written

    def rank_texts(self) -> None:
        """Bring the ranks up to date with the texts, where any rule asks for their order."""
        space = self.memory.space
        if self._orders_texts and len(space) != self._space_words + len(self.texts):
            ranks = np.empty(len(self.texts), np.int64)
            ranks[sorted(range(len(self.texts)), key=self.texts.__getitem__)] = np.arange(len(self.texts))
            self.memory = self.memory._replace(space=np.concatenate([space[: self._space_words], ranks]))
