"""The pages of messages: all of them; one, as somebody would see it, and its switch.

Comes in: a request; a form that switches one on or off. Goes out: the page; or a new version of the rules, and then the
page.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from streams.errors import RuleError, UsageError
from streams.web.access import Visitor
from streams.web.dashboard.door import Door, see_other
from streams.web.dashboard.forms import form_of
from streams.web.dashboard.wording import address
from streams.web.numbers import whole
from streams.web.views.message import message, switch
from streams.web.views.messages import messages
from streams.web.views.window import Window


class Messaging:
    def __init__(self, window: Window, door: Door):
        self._window = window
        self._door = door

    def routes(self) -> list[BaseRoute]:
        door = self._door
        return [
            door.route("messages", self.messages),
            door.route("message", self.message),
            door.route("message", self.switch, "POST"),
        ]

    async def messages(self, request: Request, visitor: Visitor) -> Response:
        found = await messages(self._window)
        return self._door.page(
            request, "messages.html", visitor, it=found, away=self._window.away(self._window.decisions)
        )

    async def message(self, request: Request, visitor: Visitor) -> Response:
        return await self._page(request, visitor)

    async def switch(self, request: Request, visitor: Visitor) -> Response:
        visitor.check_may_edit()
        said, name = await form_of(request), request.query_params.get("name", "")
        base, note = whole(said.get("base", "")) or 0, said.get("note", "").strip()
        try:
            await switch(self._window, name, "live" if said.get("do") == "on" else "off", base, note, visitor.name)
        except RuleError as error:
            return await self._page(request, visitor, 409, [f"{each.message}: {each.hint}" for each in error.faults])
        except UsageError as error:
            return await self._page(request, visitor, 409, [str(error)])
        return see_other(address("message", name=name))

    async def _page(
        self, request: Request, visitor: Visitor, status: int = 200, refused: list[str] | None = None
    ) -> Response:
        asked = {each: request.query_params.get(each, "").strip() for each in ("name", "user", "variant")}
        found = await message(self._window, asked["name"], asked["user"], asked["variant"])
        shown = {"it": found, "asked": asked, "refused": refused or [], "live": not refused}
        return self._door.page(request, "message.html", visitor, status, **shown)
