"""Where endpoints stand: whether one fails, since when, and whether it is disabled. All who deliver share it.

Comes in: what became of attempts. Goes out: the standing of each endpoint, kept in Redis.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from streams.core.instants import format_time
from streams.delivery.webhook import BOTH_SECRETS_MS, DISABLED_AFTER_MS, fingerprint
from streams.log import log
from streams.state.format import ENDPOINTS
from streams.state.store import GroupStore


class Standing(msgspec.Struct, array_like=True):
    """failing_since: since when nothing got there, ms; None while it does. disabled: why, or empty. secrets: by which
    it is told that they were changed; secrets_since: when, ms."""

    failing_since: int | None = None
    disabled: str = ""
    secrets: str = ""
    secrets_since: int = 0


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Standing).decode


@dataclass
class Standings:
    """`read` brings what others wrote."""

    group: GroupStore
    _known: dict[str, Standing] = field(default_factory=dict)

    async def read(self) -> None:
        self._known = {name: _decode(raw) for name, raw in (await self.group.read(ENDPOINTS)).items()}

    def of(self, endpoint: str) -> Standing:
        return self._known.setdefault(endpoint, Standing())

    async def worked(self, endpoint: str) -> None:
        standing = self.of(endpoint)
        if standing.failing_since is not None:
            standing.failing_since = None
            await self._write(endpoint)

    async def failed(self, endpoint: str, now_ms: int, is_gone: bool = False) -> None:
        standing = self.of(endpoint)
        since_ms = standing.failing_since
        if since_ms is None:
            standing.failing_since = since_ms = now_ms
            await self._write(endpoint)  # meanwhile another attempt may get there
        if is_gone:
            await self.disable(endpoint, "it said that it is gone for good (HTTP 410)")
        elif now_ms - since_ms >= DISABLED_AFTER_MS:
            await self.disable(endpoint, f"nothing got there since {format_time(since_ms)}")

    async def disable(self, endpoint: str, why: str) -> None:
        if not self.of(endpoint).disabled:
            log.error("webhook endpoint %s - disabled: %s", endpoint, why)
            self.of(endpoint).disabled = why
            await self._write(endpoint)

    async def enable(self, endpoint: str) -> None:
        self._known[endpoint] = Standing(
            secrets=self.of(endpoint).secrets, secrets_since=self.of(endpoint).secrets_since
        )
        await self._write(endpoint)

    async def signing(self, endpoint: str, keys: Sequence[bytes], now_ms: int) -> Sequence[bytes]:
        """Both secrets for a day after the first sight of a second one, then the newer alone."""
        standing, now = self.of(endpoint), fingerprint(keys)
        if standing.secrets != now:
            standing.secrets, standing.secrets_since = now, now_ms
            await self._write(endpoint)
        return keys if now_ms - standing.secrets_since < BOTH_SECRETS_MS else keys[:1]

    async def _write(self, endpoint: str) -> None:
        await self.group.put(ENDPOINTS, endpoint, _encode(self.of(endpoint)))
