"""The dashboard: pages for whoever asks how many are in a segment, who, and why. docs/dashboard.md tells users of it.

    pages.py      READ FIRST: every page, a row each
    door.py       who may see it, and what is shown where it cannot be
    editing.py    where rules are written; backtesting.py: what they would have done
    messaging.py  messages: what became of them, how they look, their switch
    mending.py    records that could not be used, and once more after mending
    downloads.py  the members of a segment, as CSV
    signing.py    signing in and out
    forms.py      what a form sends
    live.py       that there is something new, as server-sent events
    drawing.py    charts, as SVG
    parting.py    lists that are shown a part at a time
    static.py     where pages find their style and modules
    wording.py    times, numbers and names as people read them
    templates/    what pages are made of
    files/        the style and the module that keeps a page up to date

Pages are drawn here, whole, and every link in them is relative to where they are, so that they work under any path of a
proxy's. The module in the browser fetches the page it is on again when there is something new, and puts in place what
differs: nothing is drawn twice, once here and once there.
"""

from collections.abc import Callable

from streams.settings import Settings
from streams.web.access import Access
from streams.web.dashboard.door import Door
from streams.web.dashboard.pages import Pages
from streams.web.parts import Served
from streams.web.stopping import Stopping
from streams.web.views.window import Window, wall_clock


def serve(settings: Settings, stopping: Stopping, clock: Callable[[], int] = wall_clock) -> Served:
    return served(Window(settings, stopping, clock))


def served(window: Window) -> Served:
    pages = Pages(window, Door(Access(window.settings)))
    return Served(pages.routes(), window.running, window.trouble)
