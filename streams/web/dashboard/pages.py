"""Every page of the dashboard, a row each.

Comes in: a `Window`. Goes out: routes. What a page shows is worked out by `streams.web.views`; how, its template says.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from streams.errors import Unknown
from streams.web.access import Visitor
from streams.web.dashboard import static
from streams.web.dashboard.backtesting import Backtesting
from streams.web.dashboard.door import HEADERS, UNDER, Door, compressed
from streams.web.dashboard.downloads import Downloads
from streams.web.dashboard.editing import Editing
from streams.web.dashboard.live import Live
from streams.web.dashboard.mending import Mending
from streams.web.dashboard.messaging import Messaging
from streams.web.dashboard.parting import first_of, has_words, part_of
from streams.web.dashboard.signing import Signing
from streams.web.views.changes import ChangeShown, newest_first
from streams.web.views.conditions import Conditions
from streams.web.views.decisions import DecisionShown
from streams.web.views.overview import Overviews, RuleNow
from streams.web.views.segment import members, segment
from streams.web.views.stays import Stays
from streams.web.views.user import StandingShown, User, user
from streams.web.views.window import Window

CHANGES_SHOWN: Final = 30
MEMBERS_SHOWN: Final = 50


class Pages:
    def __init__(self, window: Window, door: Door):
        self._window = window
        self._door = door
        self._overviews = Overviews(window)
        self._conditions = Conditions(window)
        self._stays = Stays(window)

    def routes(self) -> list[BaseRoute]:
        door, signing = self._door, Signing(self._door)
        return [
            Route("/", to_dashboard),
            Route(UNDER, to_dashboard),
            door.route("", self.overview),
            door.route("segment", self.segment),
            door.route("user", self.user),
            door.route("live", Live(self._window).stream),
            door.open_route("sign-in", signing.form),
            door.open_route("sign-in", signing.sign_in, "POST"),
            door.open_route("sign-out", signing.sign_out, "POST"),
            *Downloads(self._window, door).routes(),
            *Editing(self._window, door).routes(),
            *Messaging(self._window, door).routes(),
            *Mending(self._window, door).routes(),
            *Backtesting(self._window, door).routes(),
            *map(_file, static.ALL),
            door.route("{page}", no_page),
        ]

    async def overview(self, request: Request, visitor: Visitor) -> Response:
        now = await self._overviews.now()
        said = {name: request.query_params.get(name, "") for name in ("search", "owner", "sort")}
        shown = [rule for rule in now.rules if _is_wanted(rule, said)]
        owners = sorted({rule.owner for rule in now.rules if rule.owner})
        return self._door.page(
            request,
            "overview.html",
            visitor,
            now=now,
            part=part_of(shown, _rule_of, request.query_params.get("after", "")),
            said=said,
            asked={name: text for name, text in said.items() if text},
            owners=owners,
            changes=newest_first(self._window.changes.newest, CHANGES_SHOWN),
        )

    async def segment(self, request: Request, visitor: Visitor) -> Response:
        name, after, search = (request.query_params.get(each, "") for each in ("name", "after", "search"))
        found = await segment(self._window, name)
        listed = None if found.now.state == "shadow" else found.asked or (name if found.now.sort == "segment" else None)
        who = await members(self._window, listed, after, MEMBERS_SHOWN, search.strip()) if listed else None
        conditions = await self._conditions.of(found.now.rule)
        stays = await self._stays.of(listed) if listed else None
        return self._door.page(
            request,
            "segment.html",
            visitor,
            it=found,
            who=who,
            after=after,
            search=search,
            conditions=conditions,
            stays=stays,
        )

    async def _user_called(self, name: str) -> User:
        """As written, spaces and all; or without those that somebody pasted around it."""
        try:
            return await user(self._window, name)
        except Unknown:
            if name == name.strip():
                raise
            return await user(self._window, name.strip())

    async def user(self, request: Request, visitor: Visitor) -> Response:
        found = await self._user_called(request.query_params.get("id", ""))
        past: list[ChangeShown | DecisionShown] = [*found.timeline, *found.messages]
        past.sort(key=_instant, reverse=True)
        search = request.query_params.get("search", "").strip()
        called = [each for each in found.rules if has_words(f"{each.rule} {each.segment or ''}", search)]
        within = [each for each in called if each.segment]
        without = sorted((each for each in called if not each.segment), key=_how_far)
        return self._door.page(
            request,
            "user.html",
            visitor,
            it=found,
            within=first_of(within),
            without=first_of(without),
            search=search,
            past=past,
        )


async def no_page(*_: object) -> Response:
    raise Unknown("There is no such page.")


async def to_dashboard(request: Request) -> Response:
    return RedirectResponse(f"{request.scope.get('root_path', '')}{UNDER}/", 303)


def _instant(what: ChangeShown | DecisionShown) -> str:
    return what.at if isinstance(what, DecisionShown) else what.occurred_at


def _rule_of(entry: RuleNow) -> str:
    return entry.rule


def _how_far(entry: StandingShown) -> tuple[bool, str, int]:
    """From being in it: who comes in by time alone is nearest, the sooner the nearer; then whom the fewest conditions
    keep out."""
    conditions = sum(each.decides for each in entry.conditions)
    return (True, "", conditions) if entry.next is None else (False, entry.next.at, conditions)


def _is_wanted(rule: RuleNow, said: dict[str, str]) -> bool:
    if said["owner"] and rule.owner != said["owner"]:
        return False
    if said["sort"] and rule.sort != said["sort"]:
        return False
    text = f"{rule.rule} {rule.description} {' '.join(each.name for each in rule.segments)}"
    return has_words(text, said["search"])


def _file(name: str) -> Route:
    file = static.ALL[name]
    headers = {**HEADERS, "ETag": f'"{file.mark}"'}

    async def answer(request: Request) -> Response:
        kept = {**headers, "Cache-Control": file.kept(request.query_params.get("v", ""))}
        if request.headers.get("if-none-match", "") == headers["ETag"]:
            return Response(None, 304, kept)
        whole = compressed(request, file.content, kind=file.kind)
        whole.headers.update(kept)
        return whole

    return Route(f"{UNDER}/{name}", answer)
