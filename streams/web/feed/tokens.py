"""Whose feed a request is about: a JSON Web Token (RFC 7519) that the company's backend signed.

Comes in: the token. Goes out: the user it names, and until when it holds; or a `Refusal`. How it must be signed is
fixed by the settings: what the token says of that itself is not believed (RFC 8725, 3.1).
"""

import time
from typing import Any, Final, NamedTuple

import jwt
from jwt.exceptions import InvalidSubjectError

from streams.errors import UsageError
from streams.settings import Settings
from streams.sources.records import MAX_ID_CHARACTERS
from streams.web.refusal import Refusal

AUDIENCE: Final = "segmenter"
LONGEST_S: Final = 24 * 3_600
CLOCKS_DIFFER_S: Final = 60  # the backend's clock and ours
SHORTEST_SECRET: Final = 32  # bytes, of HS256 (RFC 7518, 3.2)


class Reader(NamedTuple):
    """user: whose feed. until_s: when the token ends, in seconds since 1970."""

    user: str
    until_s: float


class Tokens:
    """UsageError, when it is made: the key is missing, or is none for the algorithm."""

    def __init__(self, settings: Settings):
        self._algorithm: str = settings.feed_algorithm
        self._settings = settings
        self._said = ""
        self._prepared: Any = None
        self._key()

    def reader(self, token: str) -> Reader:
        try:
            claims = jwt.decode(
                token,
                self._key(),
                algorithms=[self._algorithm],
                audience=AUDIENCE,
                leeway=CLOCKS_DIFFER_S,
                options={"require": ["exp", "sub", "aud"], "enforce_minimum_key_length": False},
            )
        except jwt.ExpiredSignatureError:
            raise unauthorized("token_expired", "the token has expired: ask your backend for a new one") from None
        except jwt.InvalidTokenError as error:
            raise unauthorized("bad_token", f"the token does not hold: {_why(error, self._algorithm)}") from None
        return _checked(claims["sub"], float(claims["exp"]))

    def _key(self) -> Any:
        """Read each time, where it is in a file: a new one counts from then on."""
        said = self._settings.secret("feed_key")
        if not said:
            raise UsageError("SEGMENTER_FEED_KEY: there is none, so nobody could say whose feed it is about")
        if said != self._said:
            self._prepared, self._said = _prepared(said, self._algorithm), said
        return self._prepared


def _prepared(said: str, algorithm: str) -> Any:
    if algorithm == "HS256":
        if len(said.encode()) < SHORTEST_SECRET:
            raise UsageError(f"SEGMENTER_FEED_KEY: HS256 needs a secret of at least {SHORTEST_SECRET} bytes")
        return said
    try:
        key = jwt.get_algorithm_by_name(algorithm).prepare_key(said)
    except (jwt.InvalidKeyError, ValueError, TypeError):
        raise UsageError(f"SEGMENTER_FEED_KEY: {algorithm} needs a public key, as PEM") from None
    if hasattr(key, "private_bytes"):
        raise UsageError(
            "SEGMENTER_FEED_KEY: that is the private key; it stays with your backend, the public one is ours"
        )
    return key


def _checked(user: str, until_s: float) -> Reader:
    if not 0 < len(user) <= MAX_ID_CHARACTERS or not user.strip():
        raise unauthorized("bad_token", f"the token's sub must be a user id of 1 to {MAX_ID_CHARACTERS} characters")
    if until_s > time.time() + LONGEST_S + CLOCKS_DIFFER_S:
        raise unauthorized("bad_token", "the token holds for more than 24 hours: let it expire sooner")
    return Reader(user, until_s + CLOCKS_DIFFER_S)


def _why(error: jwt.InvalidTokenError, algorithm: str) -> str:
    """The library's texts may quote the token."""
    match error:
        case jwt.MissingRequiredClaimError():
            return f"it must say {error.claim}"
        case jwt.InvalidAudienceError():
            return f"its aud must be {AUDIENCE}"
        case jwt.InvalidAlgorithmError():
            return f"it must be signed by {algorithm}"
        case jwt.InvalidSignatureError():
            return "its signature is not of SEGMENTER_FEED_KEY"
        case jwt.ImmatureSignatureError():
            return "it is of the future"
        case InvalidSubjectError():
            return "its sub must be a text"
    return "it is no JSON Web Token"


def unauthorized(code: str, message: str) -> Refusal:
    return Refusal(401, code, message, {"WWW-Authenticate": "Bearer"})
