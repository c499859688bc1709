"""Every resource of the API, a row each: where it is, what it tells, what its JSON is made of.

Goes out: the rows, by which requests are answered, of what a `Window` shows, and the API is described.
"""

from functools import cache
from typing import Any, Final

import msgspec

from streams import __version__
from streams.errors import SegmenterError, Unknown
from streams.web.api.asking import Asked, Parameter, Resource
from streams.web.api.openapi import document
from streams.web.views.backtests import BacktestAsked, Backtests, BacktestShown, BacktestsShown, BacktestView
from streams.web.views.changes import ChangeShown, newest_first
from streams.web.views.conditions import Conditions, ConditionsShown
from streams.web.views.counting import WAITS_FOR_ALL_S
from streams.web.views.dead_letters import DeadLetters, SendAgain, SentAgain, Wanted
from streams.web.views.mended import dead_letters, sent_again
from streams.web.views.message import MessageView, message
from streams.web.views.messages import MessagesShown, messages
from streams.web.views.overview import Overview, Overviews
from streams.web.views.segment import MembersShown, SegmentView, members, segment
from streams.web.views.stays import Stays, StaysShown
from streams.web.views.user import Explained, Forecast, User, explained, forecast, timeline_of, user
from streams.web.views.versions import Versions, versions
from streams.web.views.window import Window

MOST: Final = 1_000


class RuleText(msgspec.Struct, frozen=True, gc=False):
    """A rule as its file has it. version: a hash of what it means."""

    rule: str
    version: str
    text: str


class RuleTexts(msgspec.Struct, frozen=True, gc=False):
    rules: tuple[RuleText, ...]


class Changes(msgspec.Struct, frozen=True, gc=False):
    """The newest first."""

    changes: tuple[ChangeShown, ...]


class Health(msgspec.Struct, frozen=True, gc=False):
    """status: `ok`, or `trouble` with the reason."""

    status: str
    version: str
    trouble: str | None


LIMIT: Final = Parameter("limit", "number", "So many at most.", 100, MOST)
RULES_LIMIT: Final = Parameter("limit", "number", "So many rules at most.", MOST, MOST)
RULE: Final = Parameter("rule", "text", "Only this rule.")
AFTER: Final = Parameter("after", "text", "From where to go on, as the page before says.", "")
USER: Final = Parameter("user", "text", "How this user would see it, and why they got it or did not.", "")
VARIANT: Final = Parameter("variant", "text", "Of a message that has several; without it, the user's own.", "")
REASON: Final = Parameter("reason_code", "text", "Only of this reason.", "")
TOPIC: Final = Parameter("topic", "text", "Only of this topic.", "")
SEARCH: Final = Parameter("search", "text", "Only those in whose reason these words stand.", "")
IN_ID: Final = Parameter("search", "text", "Only those in whose id this stands, in whatever case.", "")
AT: Final = Parameter("at", "time", "As of then, if nothing happens until then; not before the newest that is known.")


class Answers:
    """What each resource answers."""

    def __init__(self, window: Window):
        self._window = window
        self._overviews = Overviews(window)
        self._conditions = Conditions(window)
        self._stays = Stays(window)
        self._backtests = Backtests(window)

    async def segments(self, asked: Asked) -> Overview:
        now, most = await self._overviews.now(), asked["limit"]
        rules = [rule for rule in now.rules if rule.rule > asked["after"]]
        after = rules[most - 1].rule if len(rules) > most else None
        return msgspec.structs.replace(now, rules=tuple(rules[:most]), after=after)

    async def segment(self, asked: Asked) -> SegmentView:
        return await segment(self._window, asked["segment"])

    async def user(self, asked: Asked) -> User:
        return await user(self._window, asked["user"], asked["at"])

    async def explain(self, asked: Asked) -> Explained:
        return await explained(self._window, asked["user"], asked["at"], asked["rule"])

    async def forecast(self, asked: Asked) -> Forecast:
        return await forecast(self._window, asked["user"])

    async def rules(self, _: Asked) -> RuleTexts:
        rules = await self._window.rules()
        return RuleTexts(
            tuple(RuleText(each.name, each.version, rules.text(each.name)) for each in rules.rulebook.rules)
        )

    async def rule(self, asked: Asked) -> RuleText:
        found = [each for each in (await self.rules(asked)).rules if each.rule == asked["rule"]]
        if not found:
            raise Unknown(f"There is no rule {asked['rule']}.")
        return found[0]

    async def changes(self, asked: Asked) -> Changes:
        return Changes(tuple(newest_first(self._window.changes.newest, asked["limit"], asked["rule"])))

    async def letters(self, asked: Asked) -> DeadLetters:
        return await dead_letters(self._window, Wanted(asked["reason_code"], asked["topic"], asked["search"]))

    async def send_again(self, asked: Asked) -> SentAgain:
        return await sent_again(self._window, asked["body"], asked["visitor"].name)

    async def health(self, _: Asked) -> Health:
        trouble = await self._window.trouble()
        return Health("ok" if trouble is None else "trouble", __version__, trouble)

    async def members(self, asked: Asked) -> MembersShown:
        return await members(self._window, asked["segment"], asked["after"], asked["limit"], asked["search"])

    async def timeline(self, asked: Asked) -> Changes:
        return Changes(await timeline_of(self._window, asked["user"]))

    async def conditions(self, asked: Asked) -> ConditionsShown:
        found = await self._conditions.of(asked["segment"], WAITS_FOR_ALL_S)
        if found is None:
            raise SegmenterError("It is not counted yet; come again.")
        return found

    async def stays(self, asked: Asked) -> StaysShown:
        found = await self._stays.of(asked["segment"], WAITS_FOR_ALL_S)
        if found is None:
            raise SegmenterError("It is not counted yet; come again.")
        return found

    async def versions(self, _: Asked) -> Versions:
        return await versions(self._window)

    async def messages(self, _: Asked) -> MessagesShown:
        return await messages(self._window)

    async def backtests(self, _: Asked) -> BacktestsShown:
        return await self._backtests.all()

    async def backtest(self, asked: Asked) -> BacktestView:
        return await self._backtests.one(asked["backtest"])

    async def start_backtest(self, asked: Asked) -> BacktestShown:
        return await self._backtests.start(asked["body"], asked["visitor"].name)

    async def stop_backtest(self, asked: Asked) -> BacktestShown:
        return await self._backtests.stop(asked["backtest"])

    async def message(self, asked: Asked) -> MessageView:
        return await message(self._window, asked["message"], asked["user"], asked["variant"])

    async def openapi(self, _: Asked) -> object:
        return described()


ROWS: Final = (
    Resource(
        "/segments",
        "Every segment and tier, how large, and what is unwell.",
        Overview,
        Answers.segments,
        [AFTER, RULES_LIMIT],
    ),
    Resource(
        "/segments/{segment}", "One rule: its segments, its text, its newest changes.", SegmentView, Answers.segment
    ),
    Resource(
        "/segments/{segment}/members",
        "Who is in it, page by page.",
        MembersShown,
        Answers.members,
        [AFTER, LIMIT, IN_ID],
    ),
    Resource("/segments/{segment}/conditions", "How many fulfil each condition.", ConditionsShown, Answers.conditions),
    Resource("/segments/{segment}/stays", "After how long those who come have left.", StaysShown, Answers.stays),
    Resource("/users/{user}", "A user: where and why, traits, aliases, messages.", User, Answers.user, [AT]),
    Resource("/users/{user}/explain", "Why a user is in a segment, or is not.", Explained, Answers.explain, [RULE, AT]),
    Resource("/users/{user}/forecast", "What comes next if nothing happens.", Forecast, Answers.forecast),
    Resource("/users/{user}/timeline", "A user's newest changes.", Changes, Answers.timeline),
    Resource("/rules", "The rules in force, as their files have them.", RuleTexts, Answers.rules),
    Resource("/rules/{rule}", "One of them.", RuleText, Answers.rule),
    Resource("/versions", "The versions of the rulebook, the newest first.", Versions, Answers.versions),
    Resource("/backtests", "What rules would have done, as it was asked of late.", BacktestsShown, Answers.backtests),
    Resource(
        "/backtests",
        "Begin one: over a history, held against the rules in force.",
        BacktestShown,
        Answers.start_backtest,
        method="POST",
        takes=BacktestAsked,
    ),
    Resource("/backtests/{backtest}", "How far it is; at the end what it found.", BacktestView, Answers.backtest),
    Resource("/backtests/{backtest}/stop", "Stop it.", BacktestShown, Answers.stop_backtest, method="POST"),
    Resource("/changes", "The newest changes.", Changes, Answers.changes, [RULE, LIMIT]),
    Resource(
        "/messages", "Messages, what became of each, and what was decided of late.", MessagesShown, Answers.messages
    ),
    Resource(
        "/messages/{message}",
        "One of them: what became of it, how a user would see it, and why one got it or did not.",
        MessageView,
        Answers.message,
        [USER, VARIANT],
    ),
    Resource(
        "/dead-letters",
        "The newest records that could not be used, by reason.",
        DeadLetters,
        Answers.letters,
        [REASON, TOPIC, SEARCH],
    ),
    Resource(
        "/dead-letters/again",
        "Publish those of a reason, of a topic or at some places once more, each once.",
        SentAgain,
        Answers.send_again,
        method="POST",
        takes=SendAgain,
    ),
    Resource("/health", "Whether it can do its work.", Health, Answers.health),
)
OPENAPI: Final = Resource("/openapi.json", "All of this, as OpenAPI 3.1.", dict, Answers.openapi)


@cache
def described() -> dict[str, Any]:
    return document(ROWS)
