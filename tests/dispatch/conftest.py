"""A server of the test's own, to which webhooks go."""

from collections.abc import AsyncIterator

import pytest

from tests.dispatch.endpoint import Receiver, receiving


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found
