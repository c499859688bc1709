"""Whether two users can become one, by what workers have written down of them."""

import json
from typing import Final

from streams.admin.mergeable import has_become, who_is, why_not
from streams.core.engine.erasure import Erasure
from streams.core.identities.owners import MOST_IDS
from streams.settings import Settings
from streams.sources import profile_commands
from streams.state.format import SETTLED
from streams.state.memory import MemoryStore
from streams.testing import identify, to_bytes, track
from tests.runtime.company import NEVER, Company
from tests.runtime.happenings import Published
from tests.runtime.world import NOON, PARTITIONS

SETTINGS: Final = Settings()


def signed_in(user: str, device: str = "") -> Published:
    record = track(user, "Signed In", NOON, f"{user} {device}") | ({"anonymousId": device} if device else {})
    return Published("product-events", user, to_bytes(record), NOON)


def merged(gone: str, into: str) -> Published:
    command = profile_commands.merge(gone, into, NOON + 1, f"merge {gone}")
    return Published("profile-commands", gone, profile_commands.encode(command), NOON + 1)


async def stored() -> MemoryStore:
    """ann, who has a device and a customer and was joined by bob; cy, with as many devices as there may be, and dora;
    a visitor of whom nobody knows who that is; and eve, who was erased."""
    store = MemoryStore()
    visit = track(None, "Page Viewed", NOON, "visit") | {"anonymousId": "a-9"}
    customer = identify("ann", NOON, "pays", stripe_customer_id="cus_1")
    erased = profile_commands.encode(Erasure("eve", NOON, "gone"))
    records = [signed_in("ann", "a-1"), Published("product-events", "ann", to_bytes(customer), NOON)]
    records += [signed_in(user) for user in ("bob", "dora d", "eve")]
    records += [signed_in("cy", f"c-{n}") for n in range(MOST_IDS)]
    records += [Published("product-events", "a-9", json.dumps(visit).encode(), NOON), merged("bob", "ann")]
    company = Company(store, NEVER)
    for record in [*records, Published("profile-commands", "eve", erased, NOON)]:
        company.publish(record)
    await company.settle()
    await store.group.put(SETTLED, "partitions", str(PARTITIONS).encode())
    return store


async def test_why_two_users_cannot_be_one_is_said_in_words_that_help() -> None:
    store = await stored()
    said = {pair: await why_not(store, SETTINGS, *pair) for pair in REASONS}
    assert {pair: REASONS[pair] in (why or "nothing") for pair, why in said.items()} == dict.fromkeys(REASONS, True), (
        said
    )


REASONS: Final = {
    ("ann", "dora d"): "nothing",
    ("dora d", "bob"): "nothing",  # she would be ann
    ("bob", "dora d"): "bob was merged into ann before, and a user is merged once. If all of them are one person:"
    " segmenter merge ann --into 'dora d'",
    ("ann", "bob"): "bob was merged into ann: the two are one user already, ann.",
    ("dora d", "a-1"): "a-1 is no user, but an alias of ann, by anonymousId: name ann.",
    ("cus_1", "dora d"): "cus_1 is no user, but an alias of ann, by trait: name ann.",
    ("a-9", "dora d"): "a-9 is no user, but an alias with 1 record under it, which nobody has linked to a user yet",
    ("dora d", "eve"): "eve was erased, with all that happened up to 2026-03-01T12:00:00",
    ("dora d", "zoe"): "Nobody called zoe is known to the group segmenter. A user is known once a worker has read an",
    ("dora d", "cy"): "cy has 100 ids beside the user id, and there would be 1 more. One person may have 100",
}


async def test_who_somebody_is_by_now_and_whether_all_has_arrived_is_known() -> None:
    store = await stored()
    assert [await who_is(store, SETTINGS, user) for user in ("bob", "ann", "dora d")] == ["ann", "ann", "dora d"]
    assert await has_become(store, SETTINGS, "bob", "ann")
    assert not await has_become(store, SETTINGS, "dora d", "ann")
