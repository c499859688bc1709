"""Who is let in: tokens, sessions, a trusted proxy, this machine; and what a page of another site may not do."""

from pathlib import Path

import pytest
from starlette.requests import Request

from streams.errors import UsageError
from streams.settings import Settings
from streams.web.access import SESSION, Access, Role, Visitor
from streams.web.proxies import PEER
from streams.web.refusal import Refusal

READER, EDITOR = "a token of those who read", "a token of those who edit"
OUT_THERE = {"web": "0.0.0.0:8080", "web_token": READER, "web_editor_token": EDITOR}


def access(**settings: str) -> Access:
    return Access(Settings.from_environment({f"SEGMENTER_{name.upper()}": value for name, value in settings.items()}))


def request(peer: str = "127.0.0.1", method: str = "GET", host: str = "localhost:8080", **headers: str) -> Request:
    said = {"host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return Request(
        {
            "type": "http",
            "method": method,
            "path": "/dashboard/",
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in said.items()],
            "client": ("203.0.113.7", 1),
            PEER: (peer, 1),
        }
    )


def test_on_this_machine_everybody_is_let_in_while_no_token_is_set() -> None:
    assert access().visitor(request()) == Visitor("this machine", Role.EDITOR)
    assert access(web_token=READER).visitor(request()) is None


def test_where_others_reach_it_it_does_not_start_without_a_token() -> None:
    with pytest.raises(UsageError, match=r"Others can reach 0\.0\.0\.0:8080: set SEGMENTER_WEB_TOKEN"):
        access(web="0.0.0.0:8080")
    with pytest.raises(UsageError, match=r"SEGMENTER_WEB_TOKEN: it has less than 16 characters"):
        access(web="0.0.0.0:8080", web_token="short")
    access(web="0.0.0.0:8080", web_user_header="X-Forwarded-User")


@pytest.mark.parametrize(("token", "role"), [(READER, Role.READER), (EDITOR, Role.EDITOR)])
def test_a_token_says_what_its_bearer_may(token: str, role: Role) -> None:
    visitor = access(**OUT_THERE).visitor(request(authorization=f"Bearer {token}"))
    assert visitor is not None
    assert visitor.role is role


def test_a_token_that_is_none_is_refused_and_not_repeated() -> None:
    with pytest.raises(Refusal) as refused:
        access(**OUT_THERE).visitor(request(authorization="Bearer nonsense"))
    assert refused.value.status == 401
    assert "nonsense" not in refused.value.message


def test_who_guesses_has_to_wait_and_who_knows_does_not() -> None:
    door = access(**OUT_THERE)
    codes = [refusal_of(door, "guess").code for _ in range(8)]
    assert codes == ["bad_token"] * codes.count("bad_token") + ["too_many_attempts"] * codes.count("too_many_attempts")
    assert 2 <= codes.count("bad_token") <= 6
    assert door.visitor(request(authorization=f"Bearer {READER}")) is not None


def refusal_of(door: Access, token: str) -> Refusal:
    with pytest.raises(Refusal) as refused:
        door.visitor(request(authorization=f"Bearer {token}"))
    return refused.value


def test_a_session_holds_until_its_token_is_another(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{EDITOR}\n")
    door = access(web="0.0.0.0:8080", web_editor_token_file=str(file))
    session = door.sign_in(request(), EDITOR)
    asked = request(cookie=f"{SESSION}={session}")
    assert door.visitor(asked) == Visitor("editor", Role.EDITOR, is_signed_in=True)
    assert EDITOR not in session
    file.write_text("another token of some length")
    assert door.visitor(asked) is None


def test_a_session_of_a_reader_is_none_of_an_editor() -> None:
    door = access(**OUT_THERE)
    visitor = door.visitor(request(cookie=f"{SESSION}={door.sign_in(request(), READER)}"))
    assert visitor is not None
    assert not visitor.may_edit


@pytest.fixture
def proxied() -> Access:
    return access(
        web="0.0.0.0:8080", web_user_header="X-Forwarded-User", web_proxies="10.0.0.0/8", web_editors="ann@x.example"
    )


def test_a_proxy_says_who_it_is_and_the_setting_what_they_may(proxied: Access) -> None:
    ann = proxied.visitor(request("10.1.2.3", x_forwarded_user="ann@x.example"))
    bob = proxied.visitor(request("10.1.2.3", x_forwarded_user="bob@x.example"))
    assert (ann, bob) == (Visitor("ann@x.example", Role.EDITOR), Visitor("bob@x.example", Role.READER))


def test_who_is_no_proxy_is_not_believed(proxied: Access) -> None:
    assert proxied.visitor(request("192.0.2.1", x_forwarded_user="ann@x.example")) is None


def test_a_name_that_points_to_this_machine_is_no_name_of_ours() -> None:
    with pytest.raises(Refusal, match="not asked by this name"):
        access().visitor(request(host="evil.example:8080"))
    assert access(web_url="https://segments.example").visitor(request(host="segments.example")) is not None
    assert access(**OUT_THERE).visitor(request(host="whatever.example")) is None


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {},
    ],
)
def test_what_another_site_sends_changes_nothing(headers: dict[str, str]) -> None:
    with pytest.raises(Refusal, match="another site"):
        access().check_sent_by_us(request(method="POST", **headers))


@pytest.mark.parametrize(
    "headers",
    [{"sec_fetch_site": "same-origin"}, {"origin": "http://localhost:8080"}, {"authorization": "Bearer anything"}],
)
def test_what_a_page_of_ours_or_a_program_sends_is_taken(headers: dict[str, str]) -> None:
    access().check_sent_by_us(request(method="POST", **headers))


@pytest.mark.parametrize("content", [b"", b" \n\t", b"short", b"\xff\xfe of no text", None])
@pytest.mark.parametrize("web", ["0.0.0.0:8080", "127.0.0.1:8080"])
def test_a_token_file_that_holds_none_ends_it_at_the_start_and_lets_nobody_in_later(
    tmp_path: Path, content: bytes | None, web: str
) -> None:
    file = tmp_path / "token"
    file.write_text(EDITOR)
    door = access(web=web, web_editor_token_file=str(file))
    session = door.sign_in(request(), EDITOR)
    # It is written anew, and is not whole yet; or somebody has taken it away.
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    is_good = content == b"short" and web.startswith("127")
    for asked in (request(), request(host="localhost"), request(cookie=f"{SESSION}={session}")):
        assert let_in(door, asked) is None
    for token in ("", "short", EDITOR, "None"):
        found = let_in(door, request(authorization=f"Bearer {token}"))
        assert (found is not None) is (is_good and token == "short")
    if not is_good:
        with pytest.raises(UsageError, match="SEGMENTER_WEB_EDITOR_TOKEN"):
            access(web=web, web_editor_token_file=str(file))
    file.write_text(f"  {READER}\n")
    assert door.visitor(request(authorization=f"Bearer {READER}")) == Visitor("editor", Role.EDITOR)


def let_in(door: Access, asked: Request) -> Visitor | None:
    try:
        return door.visitor(asked)
    except Refusal as refusal:
        if "/" in refusal.message:
            pytest.fail("a place of ours is told to strangers")
        return None


def test_who_is_named_twice_is_nobody(proxied: Access) -> None:
    asked = request("10.1.2.3", x_forwarded_user="ann@x.example")
    asked.scope["headers"].append((b"x-forwarded-user", b"bob@x.example"))
    with pytest.raises(Refusal, match="comes more than once"):
        proxied.visitor(asked)
    asked.scope[PEER] = ("192.0.2.1", 1)
    assert proxied.visitor(asked) is None, "who is no proxy names nobody"


def test_who_guesses_from_all_addresses_of_one_household_has_to_wait_like_one() -> None:
    door = access(**OUT_THERE)
    codes = set()
    for number in range(20):
        asked = request(authorization="Bearer guess")
        asked.scope["client"] = (f"2001:db9:1:2::{number:x}", 1)
        with pytest.raises(Refusal) as refused:
            door.visitor(asked)
        codes.add(refused.value.code)
    assert "too_many_attempts" in codes
