"""Who asks for a page or the API, and what they may.

Comes in: a request. Goes out: a `Visitor`, or a `Refusal`. Whoever asks bears a token, comes with a session that was
made of one, or is named by a proxy that is trusted with it; on an address that only this machine reaches, and where no
token is set, everybody is let in. A page of another site may make a browser send requests here: what changes something
must come from a page of ours (Sec-Fetch-Site, Origin), and a name that points to this machine is no name of ours (DNS
rebinding: https://owasp.org/www-community/attacks/DNS_Rebinding).
"""

import hashlib
import hmac
import time
from enum import Enum
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import jwt
from starlette.requests import Request

from streams.errors import UsageError
from streams.settings import Settings
from streams.web.proxies import PEER, Proxies
from streams.web.rates import Rate, sender_at
from streams.web.refusal import COME_AGAIN, Refusal, come_again

SESSION: Final = "segmenter_session"
SESSION_S: Final = 12 * 3_600
FAILURES_PER_S: Final = 0.5  # of one address; five at once
SHORTEST_TOKEN: Final = 16  # characters, where others can try
LONGEST_TOKEN: Final = 1_024
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
READ_ONLY: Final = "You may look, and not change anything: sign in with SEGMENTER_WEB_EDITOR_TOKEN."


class Role(Enum):
    """What somebody may. token: the setting that makes one."""

    EDITOR = "editor"
    READER = "reader"

    @property
    def token(self) -> str:
        return "web_editor_token" if self is Role.EDITOR else "web_token"


class Visitor(NamedTuple):
    """name: as a note of what was done bears it. is_signed_in: by a token, so that one can sign out."""

    name: str
    role: Role
    is_signed_in: bool = False

    @property
    def may_edit(self) -> bool:
        return self.role is Role.EDITOR

    def check_may_edit(self) -> None:
        """Refusal: they may not."""
        if not self.may_edit:
            raise Refusal(403, "read_only", READ_ONLY)


class Access:
    """UsageError, when it is made: others can reach it, and anybody would be let in; or a token that was set is none.

    Who is let in without a token is a matter of which settings there are, and not of what their files hold just now: a
    file that is written anew is empty for a moment.
    """

    def __init__(self, settings: Settings):
        self._settings = settings
        self._roles = tuple(role for role in Role if _is_set(settings, role))
        self._is_open = not (self._roles or settings.web_user_header)
        self._shortest = 1 if settings.web.is_loopback else SHORTEST_TOKEN
        self._failures = Rate(FAILURES_PER_S)
        self._proxies = Proxies(settings)
        self._url = urlsplit(settings.web_url)
        if self._is_open and not settings.web.is_loopback:
            raise UsageError(
                f"Others can reach {settings.web}: set SEGMENTER_WEB_TOKEN to what they sign in with, or"
                " SEGMENTER_WEB_USER_HEADER to where a proxy says who they are; or let it listen on 127.0.0.1"
            )
        for role in self._roles:
            if (length := len(settings.secret(role.token) or "")) < self._shortest:
                what = f"less than {SHORTEST_TOKEN} characters" if length else "nothing in it"
                raise UsageError(f"SEGMENTER_{role.token.upper()}: it has {what}")

    def visitor(self, request: Request) -> Visitor | None:
        """None: whoever it is has to sign in. Refusal: what they bear does not hold, or they ask by a foreign name."""
        self._check_host(request)
        if self._is_open:
            return Visitor("this machine", Role.EDITOR)
        return self._named_by_proxy(request) or self._bearer(request) or self._in_session(request)

    def check_sent_by_us(self, request: Request) -> None:
        """Of what changes something: a browser sends it for a page of ours, or it is no browser that sends it."""
        if _bearer_token(request):
            return  # nothing that a browser adds by itself
        site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
        ours = {request.headers.get("host", "").lower(), self._url.netloc.lower()} - {""}
        if site is not None:
            is_ours = site == "same-origin"
        else:
            is_ours = origin is not None and origin.lower().partition("://")[2] in ours
        if not is_ours:
            raise Refusal(403, "wrong_origin", "this was sent by a page of another site, or by none")

    def sign_in(self, request: Request, token: str) -> str:
        """The session that the token is good for; a cookie."""
        self._check_host(request)
        self._count_attempt(request)
        role = self._role_of(token)
        if role is None:
            raise Refusal(401, "bad_token", "That token is not one of ours.")
        claims = {"role": role.value, "exp": time.time() + SESSION_S}
        return jwt.encode(claims, _session_key(token), "HS256")

    def _check_host(self, request: Request) -> None:
        host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
        if self._url.hostname:
            known: tuple[str, ...] = (self._url.hostname, *LOOPBACK)
        elif self._is_open:
            known = LOOPBACK
        else:
            return  # whoever points a name here has no session under that name
        if host not in known:
            raise Refusal(403, "wrong_host", "it is not asked by this name (SEGMENTER_WEB_URL says by which)")

    def _named_by_proxy(self, request: Request) -> Visitor | None:
        header = self._settings.web_user_header
        said = request.headers.getlist(header) if header else []
        if not "".join(said).strip() or not self._is_from_proxy(request):
            return None
        if len(said) > 1:  # the proxy has added its own, and left what the browser sent
            raise Refusal(403, "two_users", f"{header} comes more than once: the proxy must take away what it is sent")
        name = said[0].strip()
        editors = self._settings.web_editors
        return Visitor(name, Role.EDITOR if name in editors or "*" in editors else Role.READER)

    def _is_from_proxy(self, request: Request) -> bool:
        peer = request.scope.get(PEER) or request.scope.get("client")
        return peer is not None and peer[0] in self._proxies

    def _bearer(self, request: Request) -> Visitor | None:
        token = _bearer_token(request)
        if not token:
            return None
        role = self._role_of(token)
        if role is None:
            self._count_attempt(request)
            raise Refusal(401, "bad_token", "the token is not one of ours", {"WWW-Authenticate": "Bearer"})
        return Visitor(role.value, role)

    def _in_session(self, request: Request) -> Visitor | None:
        session = request.cookies.get(SESSION)
        if not session:
            return None
        for role in self._roles:
            token = self._token(role)
            if token and _is_session(session, token, role):
                return Visitor(role.value, role, is_signed_in=True)
        return None

    def _role_of(self, token: str) -> Role | None:
        found = None
        for role in reversed(self._roles):
            wanted = self._token(role)
            if wanted and hmac.compare_digest(token[:LONGEST_TOKEN].encode(), wanted.encode()):
                found = role
        return found

    def _token(self, role: Role) -> str | None:
        """None while its file has none that is good enough. Refusal: it cannot be read."""
        try:
            token = self._settings.secret(role.token)
        except UsageError:
            raise Refusal(503, "not_ready", f"SEGMENTER_{role.token.upper()}_FILE cannot be read", COME_AGAIN) from None
        return token if token and len(token) >= self._shortest else None

    def _count_attempt(self, request: Request) -> None:
        client = request.client.host if request.client else ""
        if wait_s := self._failures.wait_s(sender_at(client) or client, 1, time.monotonic()):
            raise come_again("too_many_attempts", f"Too many attempts; try again in {wait_s} s.", wait_s)


def _is_set(settings: Settings, role: Role) -> bool:
    """Whether there is a token, or a file that is to hold one."""
    return getattr(settings, f"{role.token}_file") is not None or bool(settings.secret(role.token))


def _bearer_token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _session_key(token: str) -> bytes:
    """Sessions end with the token that they were made of."""
    return hmac.digest(token.encode(), b"segmenter session", hashlib.sha256)


def _is_session(session: str, token: str, role: Role) -> bool:
    try:
        claims = jwt.decode(session, _session_key(token), algorithms=["HS256"], options={"require": ["exp"]})
    except jwt.InvalidTokenError:
        return False
    return claims.get("role") == role.value
