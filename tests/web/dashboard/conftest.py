"""A group with a dashboard, and a browser that is on one of its pages."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from httpx import AsyncClient

from tests.web.group import Group


@pytest.fixture
async def group(tmp_path: Path) -> Group:
    return await Group(tmp_path).begin()


@pytest.fixture
async def client(group: Group) -> AsyncIterator[AsyncClient]:
    async with group.client(**{"Sec-Fetch-Site": "same-origin"}) as client:
        yield client
