"""What is said of an id that is no user's, where somebody asks about it."""

import pytest

from streams.admin.links import Known
from streams.admin.lookup import _refuse_alias, stored_in
from streams.core.identities.aliases import Standing
from streams.core.links import How
from streams.errors import Unknown
from streams.settings import Settings
from streams.state.format import SETTLED
from streams.state.memory import MemoryStore
from tests.core.identities.people import Becomes, Customer, SignIn, Visit
from tests.runtime.company import NEVER, Company, live
from tests.runtime.happenings import COUNTED, records
from tests.runtime.world import NOON, PARTITIONS

WHOSE = {
    "a-1": "a-1 is no user, but an alias of dan, by anonymousId: segmenter explain dan",
    "cus_1": "cus_1 is no user, but an alias of dan, by trait: segmenter explain dan",
    "a-2": "a-2 is no user, but an alias with 2 records under it, which nobody has linked to a user yet.",
    "ann": "ann was merged into dan, and is nobody else: segmenter explain dan",
    "eve": "Nobody called eve is known to the group segmenter.",
}


async def test_of_an_id_that_is_no_users_it_is_said_whose_it_is() -> None:
    company = Company(MemoryStore(), NEVER)
    steps = (SignIn("ann", "a-1"), Customer("ann"), SignIn("cy", None), SignIn("dan", None))
    await live(company, records((*steps, Becomes("ann", "cy"), Becomes("cy", "dan"), Visit("a-2"), Visit("a-2"))))
    await company.kept.group.put(SETTLED, "partitions", str(PARTITIONS).encode())
    said = dict[str, str]()
    for asked in WHOSE:
        with pytest.raises(Unknown) as error:
            await stored_in(company.kept, Settings(), COUNTED, asked, None, NOON)
        said[asked] = str(error.value)
    assert said == WHOSE


def test_a_command_that_is_advised_can_be_typed_whatever_the_id() -> None:
    with pytest.raises(Unknown, match="an alias of ann a, by alias: segmenter explain 'ann a'$"):
        _refuse_alias("a-1", Known(Standing("ann a", How.ALIAS), ()))
