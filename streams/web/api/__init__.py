"""The API by HTTP, `/api/v1`: what the pages show, for programs. docs/api.md tells users of it.

    resources.py  READ FIRST: every resource, a row each
    asking.py     a request to the resource that it is about, and the answer or the fault
    openapi.py    the description of all of it, made from the rows

Comes in: a request that bears a token. Goes out: JSON.
"""

from streams.settings import Settings
from streams.web.access import Access
from streams.web.api.asking import Api
from streams.web.api.resources import OPENAPI, ROWS, Answers
from streams.web.parts import Served
from streams.web.stopping import Stopping
from streams.web.views.window import Window


def serve(settings: Settings, stopping: Stopping) -> Served:
    return served(Window(settings, stopping))


def served(window: Window) -> Served:
    """Through a window that somebody else may look through, too."""
    return Served([Api([*ROWS, OPENAPI], Answers(window), Access(window.settings))], window.running, window.trouble)
