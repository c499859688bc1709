"""What a form of a page sends.

Comes in: a request's body, as browsers send forms. Goes out: names and values, each the last of its name.
"""

from typing import Final
from urllib.parse import parse_qs

from starlette.requests import Request

from streams.web.bodies import Bodies

MOST_BYTES: Final = 512 << 10  # a rule has up to 64 KiB, of which percent-encoding makes three times as many

_bodies: Final = Bodies()


async def form_of(request: Request) -> dict[str, str]:
    raw = await _bodies.read(dict(request.scope["headers"]), request.receive, MOST_BYTES)
    said = parse_qs(raw.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[-1] for name, values in said.items()}
