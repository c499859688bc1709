"""The page of records that could not be used, by reason, with what to do; and those of a reason sent again.

Comes in: a form. Goes out: the page, which tells how many went.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from streams.web.access import Visitor
from streams.web.dashboard.door import Door, see_other
from streams.web.dashboard.forms import form_of
from streams.web.dashboard.wording import address
from streams.web.numbers import whole
from streams.web.views.dead_letters import SendAgain
from streams.web.views.mended import dead_letters, sent_again
from streams.web.views.window import Window


class Mending:
    def __init__(self, window: Window, door: Door):
        self._window = window
        self._door = door

    def routes(self) -> list[BaseRoute]:
        door = self._door
        return [door.route("dead-letters", self.letters), door.route("dead-letters", self.send_again, "POST")]

    async def letters(self, request: Request, visitor: Visitor) -> Response:
        sent, before = (whole(request.query_params.get(each, "")) for each in ("sent", "before"))
        return self._door.page(
            request,
            "dead-letters.html",
            visitor,
            it=await dead_letters(self._window),
            away=self._window.dead_letters.away,
            sent=sent,
            before=before,
        )

    async def send_again(self, request: Request, visitor: Visitor) -> Response:
        visitor.check_may_edit()
        said = await form_of(request)
        asked = SendAgain(said.get("reason"), said.get("place") or None, bool(said.get("even_again")))
        found = await sent_again(self._window, asked, visitor.name)
        return see_other(address("dead-letters", sent=str(found.sent), before=str(found.before)))
