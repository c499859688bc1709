"""What the processes beside us do: a worker, on a clock that we move, and whoever compiles its engine meanwhile; who
delivers messages, and the web process with the company's own app.

Comes in: settings and a clock. Goes out, as messages: how many records the worker has applied; how many functions of
the engine are compiled, and of how many; how much time somebody who uses the app wants to go by, ms.

The worker begins with the engine as it is, in Python, so that there is something to see at once; when the other has
compiled it, which the first time takes half a minute, the worker is told and goes on with machine code.
"""

import threading
import time
from multiprocessing.connection import Connection

from streams.demo.clock import SharedClock
from streams.settings import Settings, cache_folder

TELLS_EVERY_S = 0.1


def compile_engine(connection: Connection) -> None:
    """Compile the engine, unless that has been done on this machine before."""
    # Each imports what only it needs: whoever imports this module shows its first lines sooner.
    from streams.native.build import compile_kernel

    compile_kernel(cache_folder(), lambda done, of: connection.send((done, of)))


def work(connection: Connection, settings: Settings, clock: SharedClock) -> None:
    """Run a worker. Told anything, it takes the engine that has been compiled."""
    from streams.kafka.connection import EMBEDDED
    from streams.log import configure
    from streams.runtime.app import SegmenterApp, create_app
    from streams.runtime.running import run_worker
    from streams.runtime.watching import watched
    from streams.state.opening import redis_store

    configure("info")
    monitor = watched(settings)

    def make_app() -> SegmenterApp:
        store = redis_store(settings)
        return create_app(settings, store, clock=clock, broker=EMBEDDED, compile_first=False, monitor=monitor)

    def tell() -> None:
        while True:
            time.sleep(TELLS_EVERY_S)
            connection.send(monitor.counters.events)

    for each in (tell, lambda: _take_compiled(connection)):
        threading.Thread(target=each, daemon=True).start()
    run_worker(make_app)


def _take_compiled(connection: Connection) -> None:
    """When told, go on with what has been compiled: whoever calls the engine then finds it."""
    from streams.native.build import compile_kernel

    connection.recv()
    compile_kernel(cache_folder())


def deliver(_: Connection, settings: Settings, clock: SharedClock) -> None:
    """Deliver messages."""
    from streams.dispatch.process import run_deliver
    from streams.log import configure

    configure("info")
    run_deliver(settings, clock=clock)


def serve_web(connection: Connection, settings: Settings, clock: SharedClock) -> None:
    """The web process, whose feeds, app and dashboard live on our clock."""
    from streams.log import configure
    from streams.web import company, dashboard
    from streams.web.parts import PARTS, Part, Served
    from streams.web.server import serve
    from streams.web.stopping import Stopping

    class Company(Part):
        def serve(self, settings: Settings, stopping: Stopping) -> Served:
            return company.serve(settings, clock, connection.send)

    class Dashboard(Part):
        def serve(self, settings: Settings, stopping: Stopping) -> Served:
            return dashboard.serve(settings, stopping, clock)

    ours = {"dashboard": Dashboard("dashboard", "", "")}
    configure("info")
    # The company's app first: at the top of it all is its page, not the dashboard.
    serve(settings, [Company("company", "", ""), *(ours.get(part.name, part) for part in PARTS)])
