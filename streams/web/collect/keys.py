"""Write keys: whose events these are.

Comes in: the settings, and where clients put their key. Goes out: the key's name, or None where nobody has it.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl

from streams.errors import UsageError
from streams.settings import Settings

NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
ANY_KEY: Final = ""  # the name of every key where none is needed
LONGEST: Final = 512  # no key is as long; each is remembered
_HEADERS: Final = (b"x-write-key", b"x-writekey")


class WriteKeys:
    """origins: of a key's name the web origins that may use it; any where it is not in there."""

    def __init__(self, names: Mapping[str, str], origins: Mapping[str, frozenset[str]]):
        self._names = names
        self._origins = origins

    @classmethod
    def of(cls, settings: Settings) -> "WriteKeys":
        names = dict(_parsed_keys(settings.secret("write_keys") or ""))
        if not names and not settings.web.is_loopback:
            raise UsageError(
                f"Others can reach {settings.web}: set SEGMENTER_WRITE_KEYS, such as web:KEY,server:KEY, or a file that"
                " holds it, SEGMENTER_WRITE_KEYS_FILE."
            )
        return cls(names, _parsed_origins(settings.write_key_origins, frozenset(names.values())))

    def __repr__(self) -> str:
        return f"<WriteKeys of {', '.join(sorted(set(self._names.values())))}>"

    @property
    def are_needed(self) -> bool:
        return bool(self._names)

    def name_of(self, key: str) -> str | None:
        return self._names.get(key) if self._names else ANY_KEY

    def may_use(self, name: str, origin: str | None) -> bool:
        """Whether a page of that origin may; what is no page has none."""
        return origin is None or name not in self._origins or origin in self._origins[name]

    def may_ask(self, origin: str) -> bool:
        """Whether a page may with any key: a preflight does not tell which."""
        names = set(self._names.values())
        return not names or any(self.may_use(name, origin) for name in names)


def candidates(headers: Mapping[bytes, bytes], query: bytes) -> Iterator[str]:
    """The keys that a request bears beside its body, in the order in which they count."""
    authorization = headers.get(b"authorization", b"")
    if 0 < len(authorization) <= LONGEST and (key := _authorized(authorization)):
        yield key
    for header in _HEADERS:
        if header in headers:
            yield headers[header].decode("latin-1").strip()
    if query:
        yield from (value for name, value in parse_qsl(query.decode("latin-1")) if name.lower() == "writekey")


@lru_cache(maxsize=4_096)
def _authorized(authorization: bytes) -> str | None:
    """The user of basic authentication, or a bearer's token.

    >>> _authorized(b"Basic " + base64.b64encode(b"KEY:")), _authorized(b"bearer KEY"), _authorized(b"Basic x")
    ('KEY', 'KEY', None)
    """
    scheme, _, rest = authorization.decode("latin-1").partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip() or None
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(rest, validate=True).decode().partition(":")[0] or None
    except (binascii.Error, UnicodeDecodeError):
        return None


def _parsed_keys(text: str) -> Iterator[tuple[str, str]]:
    """Key and name of each, without ever saying a key."""
    seen: set[str] = set()
    for number, part in enumerate(filter(None, (part.strip() for part in text.replace("\n", ",").split(","))), start=1):
        name, _, key = (piece.strip() for piece in part.partition(":"))
        if not NAME.fullmatch(name) or not key:
            raise UsageError(f"SEGMENTER_WRITE_KEYS: entry {number} is not a name and a key such as web:KEY")
        if key in seen:
            raise UsageError(f"SEGMENTER_WRITE_KEYS: entry {number}, {name}, has the key of another")
        seen.add(key)
        yield key, name


def _parsed_origins(pairs: frozenset[str], names: frozenset[str]) -> dict[str, frozenset[str]]:
    """`web:https://app.example.com`, and more of the same name."""
    found: dict[str, frozenset[str]] = {}
    for pair in sorted(pairs):
        name, _, origin = pair.partition(":")
        if not re.fullmatch(r"https?://[^/\s]+", origin):
            raise UsageError(f"SEGMENTER_WRITE_KEY_ORIGINS: {pair!r} is no pair such as web:https://app.example.com")
        if name not in names:
            raise UsageError(f"SEGMENTER_WRITE_KEY_ORIGINS: there is no write key named {name!r}")
        found[name] = found.get(name, frozenset()) | {origin.lower()}
    return found
