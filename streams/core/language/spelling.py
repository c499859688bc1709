"""The spelling of an expression, put right before Python's parser sees it.

Comes in: the text of an expression. Goes out: a `Spelling`: text that is safe to hand to `ast.parse`, on one line,
and the faults. People bring habits from other languages (`&&`, `AND`, `=`, curly quotes): where the meaning is
plain the word is put right and reading goes on, so that the faults behind it are reported too.
"""

import keyword
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from streams.core.language.faults import ExpressionFault
from streams.core.language.idioms import idioms

MAX_LENGTH = 10_000
MAX_BRACKETS = 30
MAX_DIGITS = 400

WORDS = {"and": "and", "or": "or", "not": "not", "in": "in", "true": "True", "false": "False"}  # ours: Python's
VALUE_KEYWORDS = frozenset(["True", "False", "None"])
NO_VALUE = frozenset(["none", "null", "nil", "undefined", "nan"])
PAIRS = {")": "(", "]": "["}
SIGNS = frozenset(["(", ")", "[", "]", ",", "+", "-", "*", "/", "<", "<=", ">", ">=", "==", "!="])
MEANT = {
    "&&": "and", "&": "and", "||": "or", "|": "or", "!": "not", "<>": "!=", "=!": "!=", "!==": "!=", "≠": "!=",
    "===": "==", "=": "==", "=>": ">=", "≥": ">=", "=<": "<=", "≤": "<=",
    "×": "*", "÷": "/", "−": "-", "–": "-",
}  # fmt: skip
ADVICE = {
    "%": "write 5 % of x as `0.05 * x`",
    ":=": "write `==`",
    ";": "a rule is one condition: join its parts by `and` or `or`",
    "#": "a note goes into `description:`, or on a line of its own above the expression",
    "{": "a list of options is written in square brackets: `[..]`",
    "**": "write `x * x`",
    "^": "write `x * x`",
    ".": 'a name with dots is one word, `company.size`; any other is written trait("odd name")',
    '"': "close it with the same quote, on the same line",
    "'": "close it with the same quote, on the same line",
}

TOKEN = re.compile(
    r"""(?P<blank>[ \t\r\n]+)
      | (?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
      | (?P<curly>[“”„][^“”„"\\\n]*[“”]|[‘’‚][^‘’‚"\\\n]*[‘’])
      | (?P<date>(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])(?:T[\w:.+-]*)?(?![\w.]))
      | (?P<number>\.?[0-9](?:[eE][+-](?=[0-9])|[\w.])*)
      | (?P<name>[^\W\d]\w*(?:[ \t\r\n]*\.[ \t\r\n]*[^\W\d]\w*)*)
      | (?P<sign>\{[^{}\n]*\}|\*\*|//|<<|>>|!==|===|[<>=!:]=|<>|=[>!<]|&&|\|\||.)""",
    re.VERBOSE | re.DOTALL,
)
NAME = re.compile(r"[^\W\d]\w*")
NUMBER = re.compile(r"(?:(?:0|[1-9][0-9]*(?:_[0-9]+)*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
ESCAPE_OR_ODD = re.compile(r"""\\[\\"'nt]|(?P<odd>\\.|[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff])""", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Token:
    """One word of the source; `kind` is a group of TOKEN."""

    kind: str
    text: str
    offset: int

    @property
    def end(self) -> int:
        return self.offset + len(self.text)

    @property
    def shown(self) -> str:
        return self.text if len(self.text) <= 30 else self.text[:29] + "…"

    @property
    def opens(self) -> bool:
        """Whether a value begins with it."""
        if self.kind == "name":
            return WORDS.get(self.text.lower(), self.text) in VALUE_KEYWORDS or not keyword.iskeyword(self.text.lower())
        return self.kind in ("text", "curly", "number", "date")

    @property
    def closes(self) -> bool:
        """Whether a value ends with it."""
        return self.opens or self.text in PAIRS


@dataclass(slots=True)
class Spelling:
    """`text` is what to parse; `origin[i]` is where its character i stood in the source.

    It is `readable` unless a fault leaves open how the words belong together.
    """

    text: str = ""
    origin: list[int] = field(default_factory=list)
    faults: list[ExpressionFault] = field(default_factory=list)
    readable: bool = True

    def put(self, text: str, offset: int, width: int) -> None:
        self.text += text
        self.origin += [offset + min(i, width - 1) for i in range(len(text))]

    def refuse(self, token: Token, message: str, hint: str = "") -> None:
        self.faults.append(ExpressionFault(token.offset, max(1, len(token.text)), message, hint))

    def give_up(self, token: Token, message: str, hint: str = "") -> None:
        self.refuse(token, message, hint)
        self.readable = False


def spell(source: str) -> Spelling:
    spelling = Spelling()
    start = Token("sign", source[:1], 0)
    if len(source) > MAX_LENGTH:
        spelling.give_up(start, f"the expression is longer than {MAX_LENGTH:,} characters", "split it into segments")
        return spelling
    words = list(tokens(source))
    if not words:
        spelling.give_up(start, "there is no condition here", "write one, like `idle_days >= 7`")
    options = _pair_brackets(spelling, words)
    said = _refuse_idioms(spelling, words)
    for left, right in pairwise(words):
        if left.closes and right.opens and not (left.offset in said and right.offset in said):
            _refuse_neighbours(spelling, left, right)
    for token in words:
        gap = token.offset - (spelling.origin[-1] + 1 if spelling.origin else 0)
        spelling.put(" " * gap, token.offset - gap, gap)
        is_read = token.offset in options or (token.offset in said and token.kind == "name")
        meant = token.text if is_read else _respell(spelling, token)
        spelling.put(meant, token.offset, len(token.text))
    return spelling


def tokens(source: str) -> Iterator[Token]:
    for match in TOKEN.finditer(source):
        kind = match.lastgroup or ""
        if kind == "sign" and match.group() in ('"', "'", "#"):
            yield Token(kind, source[match.start() :].partition("\n")[0].rstrip(), match.start())
            return  # what follows an open quote, or begins a note, is no row of words
        if kind != "blank":
            yield Token(kind, match.group(), match.start())


def _pair_brackets(spelling: Spelling, words: list[Token]) -> set[int]:
    """Check that brackets pair, and find the `=` signs that give an option its value, by offset."""
    opened: list[tuple[Token, bool]] = []  # with whether it opens the arguments of a function
    options: set[int] = set()
    for i, token in enumerate(words):
        if token.text in ("(", "["):
            opened.append((token, token.text == "(" and i > 0 and words[i - 1].kind == "name" and words[i - 1].opens))
        elif token.text in PAIRS and (not opened or opened[-1][0].text != PAIRS[token.text]):
            spelling.give_up(token, f"`{token.text}` closes nothing", "take it away, or open the bracket before")
            return options
        elif token.text in PAIRS:
            opened.pop()
        elif token.text == "," and not opened:
            hint = "join conditions by `and` or `or`; a number has no comma: 10000"
            spelling.give_up(token, "a comma means nothing here", hint)
        elif token.text == "=" and i > 1 and opened and opened[-1][1] and words[i - 2].text in ("(", ","):
            options.add(token.offset)
        if len(opened) > MAX_BRACKETS:
            spelling.give_up(token, f"more than {MAX_BRACKETS} brackets within each other", "split it into segments")
            return options
    for token, _ in opened:
        spelling.give_up(token, f"`{token.text}` is never closed", "close the bracket")
    return options


def _refuse_idioms(spelling: Spelling, words: list[Token]) -> set[int]:
    """What other languages say between two values. Returns the places of the words of which all has been said."""
    said: set[int] = set()
    for idiom in idioms(words):
        said |= {token.offset for token in words[max(0, idiom.at - 3) : idiom.last + 1]}
        shown = words[idiom.at].shown
        spelling.give_up(words[idiom.at], f"`{shown}` means nothing between two values", f"write `{idiom.instead}`")
    return said


def _refuse_neighbours(spelling: Spelling, left: Token, right: Token) -> None:
    if right.kind == "text" and left.end == right.offset and re.fullmatch("[BbFfRrUu]{1,2}", left.text):
        spelling.give_up(left, f"`{left.text}` before a text means nothing here", f"write {right.shown}")
        return
    hint = "join conditions by `and` or `or`"
    if left.kind == right.kind == "text":
        hint = "put a comma between two texts"
    elif left.kind == right.kind == "name":
        hint += "; put a name of several words in quotes"
    spelling.give_up(right, f"something is missing between `{left.shown}` and `{right.shown}`", hint)


def _respell(spelling: Spelling, token: Token) -> str:
    match token.kind:
        case "text":
            return _text(spelling, token)
        case "curly":
            straight = f'"{token.text[1:-1]}"'
            spelling.refuse(token, "curly quotes enclose nothing here", f"write {straight}")
            return straight
        case "date":
            spelling.refuse(token, "a date stands in quotes", f'write "{token.text}"')
            return f'"{token.text}"'
        case "number":
            return _number(spelling, token)
        case "name":
            return _name(spelling, token)
    return _sign(spelling, token)


def _text(spelling: Spelling, token: Token) -> str:
    for found in ESCAPE_OR_ODD.finditer(token.text):
        if not found["odd"]:
            continue
        odd = Token("sign", found["odd"], token.offset + found.start())
        if odd.text.startswith("\\"):
            spelling.give_up(odd, f"`{odd.text}` stands for nothing", "a backslash itself is written `\\\\`")
        else:
            spelling.give_up(odd, "an invisible character", "take it away")
    return token.text


def _number(spelling: Spelling, token: Token) -> str:
    if NUMBER.fullmatch(token.text) and len(token.text) <= MAX_DIGITS:
        return token.text
    spelling.refuse(token, f"`{token.shown}` is not a number", "numbers are written like 7, 0.5 or 10000")
    return "1"


def _name(spelling: Spelling, token: Token) -> str:
    name = "".join(token.text.split())
    if name.lower() in WORDS:
        if name not in WORDS:
            hint = "; a name of several words stands in quotes" if name in ("And", "Or", "Not", "In") else ""
            spelling.refuse(token, f"`{name}` is written in small letters", f"write `{name.lower()}`{hint}")
        return WORDS[name.lower()]
    if is_plain_name(name):
        return re.sub(r"\s", " ", token.text)
    head, _, prop = name.partition(".")
    as_trait = f'a trait of this name is written trait("{name}")'
    if head == "properties":
        as_trait = f'a property of this name is written property("{prop}")'
    if name.lower() in NO_VALUE:
        spelling.refuse(token, f"`{name}` is no value", "to ask whether a value is absent, write missing(x)")
    elif name == "is":
        spelling.give_up(token, "`is` compares nothing here", "write `==`, or `!=` for `is not`")
    elif keyword.iskeyword(name):
        spelling.give_up(token, f"`{name}` is no word of the rule language", as_trait)
    else:
        spelling.refuse(token, f"`{token.shown}` cannot be written as a bare name", as_trait)
    return "_"


def is_plain_name(name: str) -> bool:
    """Whether the name, dotted or not, is one that Python takes as it stands (it would read `ﬁ` as `fi`)."""
    if name.lower() in WORDS or name.lower() in NO_VALUE or unicodedata.normalize("NFKC", name) != name:
        return False
    return all(NAME.fullmatch(part) and part.isidentifier() and not keyword.iskeyword(part) for part in name.split("."))


def _sign(spelling: Spelling, token: Token) -> str:
    if token.text in SIGNS:
        return token.text
    if token.text in MEANT:
        spelling.refuse(token, f"`{token.text}` means nothing here", f"write `{MEANT[token.text]}`")
        return f" {MEANT[token.text]} "
    if token.text[0] in "\"'":
        spelling.give_up(token, "this text is never closed", ADVICE[token.text[0]])
    elif token.text.isprintable() or token.text.startswith("#"):
        advice = ADVICE.get(token.text) or ADVICE.get(token.text[0], "")
        spelling.give_up(token, f"`{token.shown}` means nothing here", advice)
    else:
        spelling.give_up(token, "an invisible character", "write an ordinary blank, or take it away")
    return " "
