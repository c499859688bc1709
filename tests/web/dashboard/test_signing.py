"""Signing in and out: who may, where it leads, and that no other site can do it."""

from pathlib import Path

import pytest
from httpx import AsyncClient, Response

from tests.web.dashboard.reading import page
from tests.web.group import Group

TOKEN = "a token of those who read"


async def sign_in(client: AsyncClient, path: str, token: str, site: str = "same-origin", place: str = ".") -> Response:
    headers = {"Sec-Fetch-Site": site, "Content-Type": "application/x-www-form-urlencoded"}
    return await client.post(path, data={"token": token, "next": place}, headers=headers)


async def test_who_is_not_signed_in_signs_in_and_comes_where_they_wanted(tmp_path: Path) -> None:
    group = await Group(tmp_path, web_token=TOKEN).begin()
    async with group.client() as client:
        answer = await client.get("/dashboard/user?id=a%2Fb%20%3Ci%3E")
        assert (answer.status_code, answer.headers["location"]) == (
            303,
            "sign-in?next=user%3Fid%3Da%252Fb%2520%253Ci%253E",
        )
        form = await page(client, answer.headers["location"])
        assert 'value="user?id=a%2Fb%20%3Ci%3E"' in form
        assert (await sign_in(client, "/dashboard/sign-in", "wrong")).status_code == 401
        signed = await sign_in(client, "/dashboard/sign-in", TOKEN, place="user?id=a%2Fb%20%3Ci%3E")
        assert (signed.status_code, signed.headers["location"]) == (303, "user?id=a%2Fb%20%3Ci%3E")
        for attribute in ("HttpOnly", "SameSite=lax", "Path=/"):
            assert attribute in signed.headers["set-cookie"]
        assert "Sign out" in await page(client, "")
        await client.post("/dashboard/sign-out", headers={"Sec-Fetch-Site": "same-origin"})
        assert (await client.get("/dashboard/")).status_code == 303


@pytest.mark.parametrize("place", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
async def test_nobody_is_led_elsewhere_by_signing_in(tmp_path: Path, place: str) -> None:
    group = await Group(tmp_path, web_token=TOKEN).begin()
    async with group.client() as client:
        assert (await sign_in(client, "/dashboard/sign-in", TOKEN, place=place)).headers["location"] == "."


async def test_no_other_site_signs_anybody_in_or_out(tmp_path: Path) -> None:
    group = await Group(tmp_path, web_token=TOKEN).begin()
    async with group.client() as client:
        assert (await sign_in(client, "/dashboard/sign-in", TOKEN, site="cross-site")).status_code == 403
        assert (await client.post("/dashboard/sign-out", headers={"Sec-Fetch-Site": "cross-site"})).status_code == 403


@pytest.mark.parametrize("prefix", ["", "/below/this"], ids=["taken away", "left"])
async def test_pages_work_under_a_path_of_a_proxys(tmp_path: Path, prefix: str) -> None:
    group = await Group(tmp_path, web_root_path="/below/this", web_token=TOKEN).begin()
    async with group.client() as client:
        answer = await client.get(f"{prefix}/")
        assert answer.headers["location"] == "/below/this/dashboard/"
        signed = await sign_in(client, f"{prefix}/dashboard/sign-in", TOKEN)
        assert "Path=/below/this/" in signed.headers["set-cookie"]
