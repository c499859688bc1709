"""One attempt to post a webhook.

Comes in: an endpoint, what is posted. Goes out: what became of it, in words, whatever the other side does: it hangs, it
answers without end, it sends us elsewhere. Redirects are not followed.
"""

import asyncio
import ipaddress
import ssl
import time
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import aiohttp

from streams import __version__
from streams.delivery.webhook import GONE, Endpoint, key_of, signed
from streams.dispatch.addresses import PublicResolver, Refused
from streams.errors import UsageError
from streams.settings import Settings

WITHIN_S: Final = 15.0
READ_BYTES: Final = 1_024  # of an answer, which says nothing to us: so that the connection can be used again
AGENT: Final = f"segmenter/{__version__}"


class Posted(NamedTuple):
    """status: of HTTP; None where there was no answer. said: in words. retry_after_ms: what was asked for."""

    status: int | None
    said: str
    retry_after_ms: int | None = None

    @property
    def is_done(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        return self.status == GONE


class Poster:
    """Keeps connections open; close it at the end. private: networks that it may connect to all the same."""

    def __init__(self, private: Collection[str]):
        self._resolvers = {scheme: PublicResolver(private, scheme == "http") for scheme in ("http", "https")}
        self._sessions = {scheme: _session(resolver) for scheme, resolver in self._resolvers.items()}

    async def post(self, endpoint: Endpoint, webhook_id: str, body: bytes, keys: Sequence[bytes]) -> Posted:
        """Signed as of now by this machine's clock, also where days pass in seconds, as in `segmenter dev`: whoever
        verifies it compares that with their own."""
        at_ms = time.time_ns() // 1_000_000
        headers = {"user-agent": AGENT, **endpoint.headers, **signed(webhook_id, at_ms // 1000, body, keys)}
        parts = urlsplit(endpoint.url)
        try:
            self._refuse(parts.scheme, parts.hostname or "")
            async with asyncio.timeout(WITHIN_S):
                session = self._sessions[parts.scheme]
                async with session.post(endpoint.url, data=body, headers=headers, allow_redirects=False) as answer:
                    await answer.content.read(READ_BYTES)
                    after = answer.headers.get("retry-after", "")
                    return Posted(answer.status, f"HTTP {answer.status}", _retry_after_ms(after, at_ms))
        except TimeoutError:
            return Posted(None, f"no answer within {WITHIN_S:g} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Posted(None, _in_words(error))

    def _refuse(self, scheme: str, host: str) -> None:
        """An address that is written out is connected to as it is."""
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return
        if not self._resolvers[scheme].allows(host):
            raise Refused(host)

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()


def _session(resolver: PublicResolver) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(limit=0, resolver=resolver, ttl_dns_cache=10)
    timeout = aiohttp.ClientTimeout(total=WITHIN_S)
    return aiohttp.ClientSession(
        connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
    )


def _retry_after_ms(text: str, at_ms: int) -> int | None:
    """Seconds, or a date of HTTP."""
    if text.isascii() and text.isdigit() and len(text) < 10:
        return int(text) * 1_000
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0, int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000) - at_ms)


def _in_words(error: Exception) -> str:
    """What the other side may have written is left out."""
    cause = error.__cause__ or getattr(error, "os_error", None) or error
    for each in (error, cause):
        if isinstance(each, Refused):
            return str(each)
        if isinstance(each, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted: {each.verify_message}"
    if isinstance(cause, OSError) and cause.strerror:
        return f"it cannot be reached: {cause.strerror}"
    return f"it cannot be reached: {type(error).__name__}"


def keys_of(endpoint: Endpoint) -> list[bytes]:
    """What its secrets are, the newest first. Raises `UsageError`."""
    keys = []
    for variable in endpoint.secrets:
        secret = Settings.secret_named(variable)
        if secret is None:
            raise UsageError(f"The secret of the endpoint {endpoint.name} is in {variable}, and that is not set.")
        try:
            keys.append(key_of(secret))
        except ValueError:
            raise UsageError(
                f"{variable} is no secret of a webhook: it is whsec_ and 24 to 64 random bytes in base64, such as"
                ' `echo "whsec_$(openssl rand -base64 32)"` makes.'
            ) from None
    return keys
