"""Records that could not be used, published again from a page or by the API, by `streams.admin.mending`.

Comes in: a `Window`, which of them. Goes out: how many went.
"""

from streams.admin.advice import NEVER
from streams.admin.mending import Buried, choose, send_again, sendings
from streams.errors import UsageError
from streams.web.views.dead_letters import ALL, DeadLetters, SendAgain, SentAgain, Wanted, by_reason
from streams.web.views.window import DEAD_LETTERS_KEPT, Window


async def dead_letters(window: Window, wanted: Wanted = ALL) -> DeadLetters:
    return by_reason(window.dead_letters.newest, DEAD_LETTERS_KEPT, await sendings(window.store.group), wanted)


async def sent_again(window: Window, asked: SendAgain, author: str) -> SentAgain:
    """UsageError: none of this reason ever can be, or nothing says which. Unreachable: Kafka or Redis is away."""
    if why := NEVER.get(asked.reason_code or ""):
        raise UsageError(f"Of {asked.reason_code} no record is sent again: {why}.")
    wanted, places = Wanted(asked.reason_code or "", asked.topic or "", asked.search or ""), set(asked.places)
    if wanted == ALL and not places:
        raise UsageError("Say which: a reason, a topic, words of the reason, or places.")

    def is_wanted(each: Buried) -> bool:
        why = each.letter.why
        return wanted.has(why.code, each.letter.topic, why.reason) and (not places or str(each.place) in places)

    settings, group = window.settings, window.store.group
    choice = await choose(settings, group, is_wanted, asked.even_again)
    found = await send_again(settings, group, choice, author, window.clock(), asked.even_again)
    return SentAgain(found.sent, found.before, {str(place): why for place, why in found.never.items()})
