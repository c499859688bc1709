"""The messages of one user: what was decided about each, and what the user did with it.

Comes in: a user, and what those who deliver keep. Goes out: `DecisionShown`, the newest first.
"""

from streams.admin.homes import homes_of
from streams.delivery.feed import FeedMessage
from streams.delivery.recipient import Recipient
from streams.state.format import RECIPIENTS
from streams.web.views.decisions import DecisionShown
from streams.web.views.times import told
from streams.web.views.window import Window


async def received(window: Window, user: str) -> tuple[DecisionShown, ...]:
    """Of each message the last decision of 30 days, what the user did with those that stand in the
    feed, and what else is among the newest decisions about everybody."""
    found = {each: None for each in window.decisions.newest if each.user_id == user}
    for shard in await homes_of(window.store, window.settings, user):
        raw = await window.store.deliveries.get(shard, RECIPIENTS, user)
        if raw is None:
            continue  # who was never sent anything has no feed
        for name, each in Recipient.decode(raw).decided.items():
            found[DecisionShown(user, name, each.decision, each.reason, told(each.at))] = None
        for entry in (await window.store.feeds.read(shard, user)).entries.values():
            name = FeedMessage.decode(entry.message).message
            found |= {DecisionShown(user, name, mark, "", told(at_ms)): None for mark, at_ms in entry.marks.items()}
    return tuple(sorted(found, key=lambda each: each.at, reverse=True))
