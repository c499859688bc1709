"""What a form of a page sends.

Comes in: a request's body, as browsers send forms. Goes out: a `Form`.
"""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import parse_qs

from starlette.requests import Request

from streams.web.bodies import Bodies
from streams.web.refusal import Refusal

MOST_BYTES: Final = 512 << 10  # a rule has up to 64 KiB, of which percent-encoding makes three times as many
MOST_FIELDS: Final = 2_000  # twice the dead letters that are kept

_bodies: Final = Bodies()


class Form:
    def __init__(self, said: Mapping[str, Sequence[str]]):
        self._said = said

    def get(self, name: str, default: str = "") -> str:
        """The last of its name."""
        return self._said.get(name, (default,))[-1]

    def text(self, name: str) -> str | None:
        """Of a field of several lines, which browsers end by CRLF; None where there is none."""
        return self._said[name][-1].replace("\r\n", "\n") if name in self._said else None

    def all(self, name: str) -> tuple[str, ...]:
        """As of boxes that are checked."""
        return tuple(self._said.get(name, ()))


NOTHING: Final = Form({})


async def form_of(request: Request) -> Form:
    raw = await _bodies.read(dict(request.scope["headers"]), request.receive, MOST_BYTES)
    try:
        return Form(parse_qs(raw.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError:
        raise Refusal(400, "too_many_fields", f"a form has up to {MOST_FIELDS} fields") from None
