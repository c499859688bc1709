"""Files that a page has to give: the members of a segment, as CSV.

Comes in: the name of a segment, a level, or a tier, which is all its levels. Goes out: all members, written out as they
are read; where Redis goes away in the midst of it the browser is told that the file is not whole.
"""

import re
from collections.abc import AsyncIterator, Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute

from streams.admin import members_csv
from streams.admin.homes import partitions_of
from streams.admin.members import everyone
from streams.rulefiles.naming import segments_called
from streams.web.access import Visitor
from streams.web.dashboard.door import Door
from streams.web.refusal import come_again
from streams.web.views.window import Window

MOST_AT_ONCE: Final = 4  # each reads all of a segment, and has its ids on the disk while it does


class Downloads:
    def __init__(self, window: Window, door: Door):
        self._window = window
        self._door = door
        self._running = 0

    def routes(self) -> list[BaseRoute]:
        return [self._door.route("members.csv", self.members)]

    async def members(self, request: Request, _: Visitor) -> Response:
        name = request.query_params.get("name", "")
        rulebook = (await self._window.rules()).rulebook
        segments = segments_called(rulebook, name)
        if self._running >= MOST_AT_ONCE:
            raise come_again("too_many_downloads", f"{MOST_AT_ONCE} files are being downloaded: try again soon", 10)
        await partitions_of(self._window.store, self._window.settings)  # where none has ever run, nobody knows
        in_shadow = any(rule.is_shadow for rule in rulebook.groupings if segments[0] in rule.segments)
        headers = {"Content-Disposition": f'attachment; filename="{file_name(name)}"'}
        return StreamingResponse(self._lines(segments, in_shadow), headers=headers, media_type="text/csv")

    async def _lines(self, segments: Sequence[str], in_shadow: bool) -> AsyncIterator[str]:
        self._running += 1
        try:
            yield f"{members_csv.HEADER}\n"
            for segment in segments:
                async for some in everyone(self._window.store, segment, in_shadow):
                    yield "".join(f"{members_csv.line(segment, member)}\n" for member in some)
        finally:
            self._running -= 1


def file_name(segment: str) -> str:
    """
    >>> file_name("churn-risk"), file_name("lifecycle/power")
    ('churn-risk.csv', 'lifecycle-power.csv')
    """
    return re.sub(r"[^a-zA-Z0-9_-]", "-", segment) + ".csv"
