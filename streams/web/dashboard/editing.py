"""The pages on which rules are written: all of them with their history, one of them, a version.

Comes in: a form. Goes out: the page with what was found; or a new version, and the page of all.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from streams.errors import RuleError, UsageError
from streams.lifecycle.applying import rollback
from streams.web.access import Visitor
from streams.web.dashboard.door import Door, see_other
from streams.web.dashboard.forms import form_of
from streams.web.numbers import whole
from streams.web.views.drafts import apply_draft, begun, drafted, unmoved
from streams.web.views.versions import version, versions
from streams.web.views.window import Window


class Editing:
    def __init__(self, window: Window, door: Door):
        self._window = window
        self._door = door

    def routes(self) -> list[BaseRoute]:
        door = self._door
        return [
            door.route("rules", self.rules),
            door.route("rule", self.rule),
            door.route("rule", self.write, "POST"),
            door.route("version", self.version),
            door.route("version", self.roll_back, "POST"),
        ]

    async def rules(self, request: Request, visitor: Visitor) -> Response:
        rules, found = await self._window.rules(), await versions(self._window)
        return self._door.page(request, "rules.html", visitor, rules=rules.rulebook.rules, it=found)

    async def rule(self, request: Request, visitor: Visitor) -> Response:
        draft = await begun(self._window, request.query_params.get("name", "").strip())
        return self._page(request, visitor, draft=draft)

    async def write(self, request: Request, visitor: Visitor) -> Response:
        said, name = await form_of(request), request.query_params.get("name", "")
        text, base = said.get("text", "").replace("\r\n", "\n"), _number(said.get("base", ""))
        if said.get("do") != "apply":
            return self._page(request, visitor, draft=await drafted(self._window, name, text, base), is_checked=True)
        visitor.check_may_edit()
        try:
            await apply_draft(self._window, name, text, base, said.get("note", "").strip(), visitor.name)
        except (RuleError, UsageError) as error:
            draft = await drafted(self._window, name, text, base)
            fault = "" if isinstance(error, RuleError) else str(error)
            return self._page(request, visitor, 409, draft=draft, is_checked=True, fault=fault)
        return see_other("rules")

    async def version(self, request: Request, visitor: Visitor) -> Response:
        found = await version(self._window, _number(request.query_params.get("number", "")))
        return self._door.page(request, "version.html", visitor, it=found, live=False)

    async def roll_back(self, request: Request, visitor: Visitor) -> Response:
        visitor.check_may_edit()
        said, number = await form_of(request), _number(request.query_params.get("number", ""))
        after = await unmoved(self._window, _number(said.get("base", "")))
        if after is not None:
            note = said.get("note", "").strip() or f"back to version {number}"
            at_ms = self._window.clock()
            group = self._window.store.group
            await rollback(group, number, after=after, author=visitor.name, note=note, at_ms=at_ms)
            self._window.look_again()
        return see_other("rules")

    def _page(self, request: Request, visitor: Visitor, status: int = 200, **shown: object) -> Response:
        shown = {"is_checked": False, "fault": "", "live": False, **shown}
        return self._door.page(request, "rule.html", visitor, status, **shown)


def _number(text: str) -> int:
    return whole(text) or 0
