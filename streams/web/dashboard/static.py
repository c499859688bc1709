"""The style and the modules of pages, each at an address that changes with its content.

Goes out: what a file holds, and where a page finds it. By that address a browser keeps it for good, so that the next
page waits for no file; by any other, as a page of another version has it, it is looked at again each time.
"""

from hashlib import blake2b
from pathlib import Path
from typing import Final, NamedTuple

from streams.web.dashboard.wording import address

FILES: Final = Path(__file__).parent / "files"
TYPES: Final = {
    "app.css": "text/css",
    "app.js": "text/javascript",
    "completion.js": "text/javascript",
    "contexts.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
FOR_GOOD: Final = "private, max-age=31536000, immutable"
EACH_TIME: Final = "no-cache"


class File(NamedTuple):
    content: bytes
    kind: str
    mark: str  # another one for another content

    def kept(self, asked_as: str) -> str:
        """What a browser is told that asked for it by this mark, or by none."""
        return FOR_GOOD if asked_as == self.mark else EACH_TIME


def _read(name: str) -> File:
    content = (FILES / name).read_bytes()
    return File(content, TYPES[name], blake2b(content, digest_size=12).hexdigest())


ALL: Final = {name: _read(name) for name in TYPES}


def file(name: str) -> str:
    """Where a page finds it."""
    return address(name, v=ALL[name].mark)
