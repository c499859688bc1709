"""Signing in with a token, and out.

Comes in: a form. Goes out: a cookie that only our pages send, and that no script reads.
"""

from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from streams.web.access import SESSION, SESSION_S
from streams.web.dashboard.door import Door, see_other
from streams.web.dashboard.forms import form_of
from streams.web.refusal import Refusal

HOME: Final = "."


class Signing:
    def __init__(self, door: Door):
        self._door = door

    async def form(self, request: Request) -> Response:
        return self._page(request, request.query_params.get("next", HOME))

    async def sign_in(self, request: Request) -> Response:
        said = await form_of(request)
        place = said.get("next", HOME)
        try:
            session = self._door.access.sign_in(request, said.get("token", "").strip())
        except Refusal as refusal:
            answer = self._page(request, place, refusal.message, refusal.status)
            answer.headers.update(refusal.headers)
            return answer
        answer = see_other(safe_place(place))
        self._set(request, answer, session, SESSION_S)
        return answer

    async def sign_out(self, request: Request) -> Response:
        answer = see_other("sign-in")
        self._set(request, answer, "", 0)
        return answer

    def _page(self, request: Request, place: str, fault: str = "", status: int = 200) -> Response:
        return self._door.page(request, "sign-in.html", None, status, live=False, place=safe_place(place), fault=fault)

    def _set(self, request: Request, answer: Response, session: str, for_s: int) -> None:
        path = f"{request.scope.get('root_path', '')}/"
        is_secure = request.url.scheme == "https"
        answer.set_cookie(SESSION, session, for_s, path=path, secure=is_secure, httponly=True, samesite="lax")


def safe_place(place: str) -> str:
    """Where to go after: a page of ours, and nowhere else.

    >>> safe_place("user?id=ann"), safe_place("//evil.example"), safe_place("/x"), safe_place("javascript:alert(1)")
    ('user?id=ann', '.', '.', '.')
    """
    split = urlsplit(place)
    is_ours = not split.scheme and not split.netloc and "/" not in split.path and "\\" not in place
    return place if is_ours and place.isprintable() and place else HOME
