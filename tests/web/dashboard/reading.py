"""Pages as tests read them."""

from html.parser import HTMLParser

from httpx import AsyncClient, Response


async def answer_to(client: AsyncClient, path: str, status: int = 200) -> Response:
    answer = await client.get(f"/dashboard/{path}")
    assert answer.status_code == status, answer.text
    return answer


async def page(client: AsyncClient, path: str, status: int = 200) -> str:
    """Its HTML."""
    return (await answer_to(client, path, status)).text


class Links(HTMLParser):
    """`found`: where a page leads, what it loads, and where its forms go."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in ("href", "src", "action") and value is not None]
