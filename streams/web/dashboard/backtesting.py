"""The page of a backtest: how far it is, and what it found; stopped, and taken away as one page.

Comes in: its id. Goes out: the page, which keeps itself up to date as all do; it may be closed meanwhile.
"""

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from streams.backtest.page import days, in_words, lines_by_day, page
from streams.errors import UsageError
from streams.web.access import Visitor
from streams.web.dashboard.door import Door, see_other
from streams.web.dashboard.wording import address
from streams.web.views.backtests import Backtests
from streams.web.views.window import Window


class Backtesting:
    def __init__(self, window: Window, door: Door):
        self._backtests = Backtests(window)
        self._door = door

    def routes(self) -> list[BaseRoute]:
        door = self._door
        return [
            door.route("backtest", self.backtest),
            door.route("backtest", self.stop, "POST"),
            door.route("backtest.html", self.download),
        ]

    async def backtest(self, request: Request, visitor: Visitor) -> Response:
        view = await self._backtests.one(request.query_params.get("id", ""))
        found = [] if view.found is None else view.found.segments
        return self._door.page(
            request,
            "backtest.html",
            visitor,
            it=view.backtest,
            found=view.found,
            segments=[each for each in found if each.was_entered],
            never=[each.segment for each in found if not each.was_entered],
            days=days,
            in_words=in_words,
            lines_by_day=lines_by_day,
        )

    async def stop(self, request: Request, visitor: Visitor) -> Response:
        visitor.check_may_edit()
        it = await self._backtests.stop(request.query_params.get("id", ""))
        return see_other(address("backtest", id=it.id))

    async def download(self, request: Request, _: Visitor) -> Response:
        """The same page as the terminal writes, to be kept or sent to somebody."""
        view = await self._backtests.one(request.query_params.get("id", ""))
        if view.found is None:
            raise UsageError("It is not done, or what it found is kept on the machine alone that ran it.")
        headers = {"Content-Disposition": f'attachment; filename="backtest-{view.backtest.id}.html"'}
        return Response(await asyncio.to_thread(page, view.found), headers=headers, media_type="text/html")
