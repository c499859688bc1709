"""The page of records that could not be used, by reason, with what to do; and those of a reason, those that were looked
for, or some that were chosen sent again.

Comes in: a form. Goes out: the page, which tells how many went.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from streams.errors import UsageError
from streams.web.access import Visitor
from streams.web.dashboard.door import Door, see_other
from streams.web.dashboard.forms import form_of
from streams.web.dashboard.wording import address
from streams.web.numbers import whole
from streams.web.views.dead_letters import ALL, SendAgain, Wanted
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
        wanted = Wanted(*(request.query_params.get(name, "").strip() for name in Wanted._fields))
        return self._door.page(
            request,
            "dead-letters.html",
            visitor,
            it=await dead_letters(self._window, wanted),
            wanted=wanted,
            is_narrowed=wanted != ALL,
            away=self._window.away(self._window.dead_letters),
            sent=sent,
            before=before,
        )

    async def send_again(self, request: Request, visitor: Visitor) -> Response:
        visitor.check_may_edit()
        said = await form_of(request)
        wanted = {name: said.get(name).strip() for name in Wanted._fields}
        places = said.all("place") if said.get("do") == "chosen" else ()
        if said.get("do") == "chosen" and not places:
            raise UsageError("Nothing is sent: none was chosen.")
        code, topic, search = (text or None for text in wanted.values())
        asked = SendAgain(code, topic, search, places, bool(said.get("even_again")))
        found = await sent_again(self._window, asked, visitor.name)
        kept = {name: text for name, text in wanted.items() if text and said.get("narrowed")}
        return see_other(address("dead-letters", sent=str(found.sent), before=str(found.before), **kept))
