"""The pages on which rules are written: all of them with their history, one of them, a version.

Comes in: a form. Goes out: the page with what was found; or a new version, and the page of all; or a backtest, and its
page.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from streams.errors import Busy, RuleError, UsageError
from streams.lifecycle.applying import rollback
from streams.web.access import Visitor
from streams.web.answers import JsonAnswer
from streams.web.dashboard.door import Door, compressed, see_other
from streams.web.dashboard.forms import NOTHING, Form, form_of
from streams.web.dashboard.parting import has_words, part_of
from streams.web.dashboard.wording import address
from streams.web.numbers import whole
from streams.web.views.awaited import awaited_now, refused_now
from streams.web.views.backtests import BacktestAsked, Backtests
from streams.web.views.drafts import Draft, MovedMeanwhile, Written, apply_draft, begun, drafted, unmoved, written_by
from streams.web.views.limits import share_of
from streams.web.views.versions import FileDifference, changed, version, versions
from streams.web.views.window import Window
from streams.web.views.words import words

BACKTESTS_SHOWN: Final = 3


class Moved(NamedTuple):
    """What was applied since somebody began to write: the newest version, and what is otherwise by it."""

    number: int
    files: Sequence[FileDifference]


class Editing:
    def __init__(self, window: Window, door: Door):
        self._window = window
        self._door = door
        self._backtests = Backtests(window)

    def routes(self) -> list[BaseRoute]:
        door = self._door
        return [
            door.route("rules", self.rules),
            door.route("rule", self.rule),
            door.route("rule", self.write, "POST"),
            door.route("words", self.words),
            door.route("version", self.version),
            door.route("version", self.roll_back, "POST"),
        ]

    async def rules(self, request: Request, visitor: Visitor) -> Response:
        rules, found = await self._window.rules(), await versions(self._window)
        after, search = (request.query_params.get(each, "").strip() for each in ("after", "search"))
        all_rules = rules.rulebook.rules
        called = [rule for rule in all_rules if has_words(f"{rule.name} {rule.labels.get('owner', '')}", search)]
        return self._door.page(
            request,
            "rules.html",
            visitor,
            number_of=len(all_rules),
            part=part_of(called, lambda rule: rule.name, after),
            search=search,
            it=found,
            backtests=(await self._backtests.all()).backtests,
        )

    async def rule(self, request: Request, visitor: Visitor) -> Response:
        asked = (request.query_params.get(each, "").strip() for each in ("name", "backtest", "version"))
        name, backtest, of_version = asked
        if backtest:
            written = await self._backtests.written(backtest, name) or Written(name, "", "", 0)
        elif of_version:
            written = await written_by(self._window, _number(of_version), name)
        else:
            return await self._page(request, visitor, await begun(self._window, name))
        return await self._page(request, visitor, await drafted(self._window, written), is_checked=True)

    async def words(self, request: Request, _: Visitor) -> Response:
        """Those that the page offers as somebody writes, as JSON."""
        return compressed(request, msgspec.json.encode(await words(self._window)), kind=JsonAnswer.media_type)

    async def write(self, request: Request, visitor: Visitor) -> Response:
        said, name = await form_of(request), request.query_params.get("name", "")
        base = _number(said.get("seen") or said.get("base"))
        written = Written(name, said.text("text") or "", said.text("stories"), base)
        fault, moved = "", None
        try:
            match said.get("do"):
                case "apply":
                    visitor.check_may_edit()
                    note, most = said.get("note").strip(), share_of(said.get("max_change"))
                    await apply_draft(self._window, written, note, visitor.name, most)
                    return see_other("rules")
                case "backtest":
                    visitor.check_may_edit()
                    return see_other(address("backtest", id=await self._backtest(said, written, visitor)))
        except RuleError:
            fault = "Nothing is done: there are faults."
        except MovedMeanwhile as error:
            fault, moved = str(error), Moved(error.now.number, await changed(self._window, base, error.now.number))
        except (UsageError, Busy) as error:
            fault = str(error)
        draft = await drafted(self._window, written)
        status = 409 if fault else 200
        return await self._page(request, visitor, draft, status, is_checked=True, fault=fault, moved=moved, said=said)

    async def _backtest(self, said: Form, written: Written, visitor: Visitor) -> str:
        asked = BacktestAsked(
            rule=written.name,
            history=said.all("history"),
            topics="topics" in said.all("source"),
            outcome=said.get("outcome").strip() or None,
        )
        return (await self._backtests.start(asked, visitor.name, written)).id

    async def version(self, request: Request, visitor: Visitor) -> Response:
        found = await version(self._window, _number(request.query_params.get("number", "")))
        return self._door.page(request, "version.html", visitor, it=found, live=False)

    async def roll_back(self, request: Request, visitor: Visitor) -> Response:
        visitor.check_may_edit()
        said, number = await form_of(request), _number(request.query_params.get("number", ""))
        after = await unmoved(self._window, _number(said.get("base")))
        if after is not None:
            note = said.get("note").strip() or f"back to version {number}"
            at_ms = self._window.clock()
            group = self._window.store.group
            await rollback(group, number, after=after, author=visitor.name, note=note, at_ms=at_ms)
            self._window.look_again()
        return see_other("rules")

    async def _page(
        self,
        request: Request,
        visitor: Visitor,
        draft: Draft,
        status: int = 200,
        is_checked: bool = False,
        fault: str = "",
        moved: Moved | None = None,
        said: Form = NOTHING,
    ) -> Response:
        found = await self._backtests.all()
        return self._door.page(
            request,
            "rule.html",
            visitor,
            status,
            draft=draft,
            is_checked=is_checked,
            fault=fault,
            moved=moved,
            said=said,
            awaited=await awaited_now(self._window),
            refused=await refused_now(self._window),
            live=not is_checked,
            histories=found.histories,
            backtests=[each for each in found.backtests if each.rule == draft.name][:BACKTESTS_SHOWN],
        )


def _number(text: str) -> int:
    return whole(text) or 0
