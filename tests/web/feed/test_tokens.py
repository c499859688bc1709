"""Whose feed: a token that the company's backend signed, and nothing that the token says of itself."""

import base64
import hmac
import json
import time
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from streams.errors import UsageError
from streams.settings import Settings
from streams.web.feed.tokens import CLOCKS_DIFFER_S, Tokens
from streams.web.refusal import Refusal
from tests.web.feed.feeds import SECRET, token

PRIVATE: dict[str, Any] = {
    "RS256": lambda: rsa.generate_private_key(65_537, 2_048),
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
}


def tokens(key: str = SECRET, algorithm: str = "HS256") -> Tokens:
    said = {"SEGMENTER_FEED_KEY": key, "SEGMENTER_FEED_ALGORITHM": algorithm}
    return Tokens(Settings.from_environment(said))


def pem(private: Any) -> str:
    return str(private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


def code_of(said: str, held_against: Tokens | None = None) -> tuple[str, str]:
    with pytest.raises(Refusal) as refused:
        (held_against or tokens()).reader(said)
    assert refused.value.status == 401
    return refused.value.code, refused.value.message


def test_a_token_names_its_user_and_until_when_it_holds() -> None:
    reader = tokens().reader(token("zoë", for_s=600))
    assert reader.user == "zoë"
    assert reader.until_s == pytest.approx(time.time() + 600 + CLOCKS_DIFFER_S, abs=5)


@pytest.mark.parametrize("algorithm", list(PRIVATE))
def test_backends_may_keep_their_key_to_themselves(algorithm: str) -> None:
    private = PRIVATE[algorithm]()
    held = tokens(pem(private), algorithm)
    assert held.reader(token("ann", private, algorithm)).user == "ann"
    assert code_of(token("ann", PRIVATE[algorithm](), algorithm), held)[0] == "bad_token"


def test_how_it_is_signed_is_not_for_the_token_to_say() -> None:
    public = pem(PRIVATE["RS256"]())
    held = tokens(public, "RS256")
    # Everybody has the public key, and might take it for a secret; or sign nothing.
    said = f"{part({'alg': 'HS256'})}.{part({'sub': 'ann', 'aud': 'segmenter', 'exp': time.time() + 60})}"
    forged = f"{said}.{encoded(hmac.digest(public.encode(), said.encode(), sha256))}"
    assert code_of(forged, held) == ("bad_token", "the token does not hold: it must be signed by RS256")
    unsigned = f"{part({'alg': 'none'})}.{said.partition('.')[2]}."
    assert code_of(unsigned, held) == ("bad_token", "the token does not hold: it must be signed by RS256")


def part(said: object) -> str:
    return encoded(json.dumps(said).encode())


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("makes", "code", "message"),
    [
        (partial(token, for_s=-3_600), "token_expired", "has expired"),
        (partial(token, for_s=48 * 3_600), "bad_token", "more than 24 hours"),
        (partial(token, exp=None), "bad_token", "it must say exp"),
        (partial(token, sub=None), "bad_token", "it must say sub"),
        (partial(token, aud=None), "bad_token", "it must say aud"),
        (partial(token, aud="another"), "bad_token", "its aud must be segmenter"),
        (partial(token, " "), "bad_token", "1 to 255 characters"),
        (partial(token, "x" * 256), "bad_token", "1 to 255 characters"),
        (partial(token, sub=7), "bad_token", "its sub must be a text"),
        (
            partial(token, key="another secret that somebody made up, long enough"),
            "bad_token",
            "is not of SEGMENTER_FEED_KEY",
        ),
        (lambda: "nonsense", "bad_token", "it is no JSON Web Token"),
    ],
)
def test_a_token_that_does_not_hold_is_refused_and_never_quoted(
    makes: Callable[[], str], code: str, message: str
) -> None:
    said = makes()
    told = code_of(said)
    assert told[0] == code
    assert message in told[1]
    assert said not in told[1]


def test_a_key_that_is_none_is_told_at_the_start_and_never_shown() -> None:
    private = PRIVATE["ES256"]()
    whole = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    for key, algorithm, says in [
        ("", "HS256", "there is none"),
        ("short", "HS256", "at least 32 bytes"),
        ("nonsense", "RS256", "needs a public key"),
        (whole, "ES256", "is the private key"),
    ]:
        with pytest.raises(UsageError, match=f"SEGMENTER_FEED_KEY: .*{says}") as told:
            tokens(key, algorithm)
        assert not key or key not in str(told.value)
