"""GET /v1/feed/why: why a message came, or did not come, to a user.

    message  its name; all about which something was decided where left out

Answers `{"messages": [{"message", "decision", "reason", "at"}]}`: of each the last decision of the last 30 days, as the
topic of deliveries has all of them.
"""

from urllib.parse import parse_qs

from starlette.responses import Response
from starlette.types import Receive

from streams.core.instants import format_time
from streams.delivery.recipient import Decided, Recipient
from streams.state.format import RECIPIENTS
from streams.state.store import ShardStore
from streams.web.answers import JsonAnswer
from streams.web.feed.readers import PRIVATE, Asked, Door, Resource


class Why(Resource):
    def __init__(self, door: Door, deliveries: ShardStore):
        super().__init__(door)
        self._deliveries = deliveries

    async def answer(self, asked: Asked, receive: Receive) -> Response:
        user = self.door.reader(asked).user
        wanted = parse_qs(asked.query.decode("latin-1")).get("message")
        decided = await self._decided(user)
        told = [_shown(name, each) for name, each in sorted(decided.items()) if wanted is None or name in wanted]
        return JsonAnswer({"messages": told}, 200, dict(PRIVATE))

    async def _decided(self, user: str) -> dict[str, Decided]:
        found: dict[str, Decided] = {}
        for shard in await self.door.places.of(user):
            raw = await self._deliveries.get(shard, RECIPIENTS, user)
            recipient = Recipient() if raw is None else Recipient.decode(raw)
            to = recipient.gone_to
            found |= recipient.decided if to is None else await self._decided(to.user)
        return found


def _shown(name: str, decided: Decided) -> dict[str, str]:
    return {"message": name, "decision": decided.decision, "reason": decided.reason, "at": format_time(decided.at)}
