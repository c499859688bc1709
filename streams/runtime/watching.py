"""A worker's process as its operator watches it: the monitor, the HTTP port, the watchdog.

Comes in: the settings. Goes out: the monitor, to be given to each app of the process; UsageError where the port that
was asked for is taken.
"""

from streams.log import log
from streams.monitoring.server import tell
from streams.monitoring.watchdog import Watchdog
from streams.runtime.metrics import registry
from streams.runtime.monitor import Monitor
from streams.runtime.running import leave
from streams.settings import Settings


def watched(settings: Settings) -> Monitor:
    """One in a process."""
    watchdog = Watchdog(_end)
    watchdog.start()
    monitor = Monitor(settings, watchdog)
    tell(settings, registry(monitor), monitor.ask, "worker")
    return monitor


def _end(where: str) -> None:
    log.error(
        "worker - ends: its event loop has not moved for a minute, and hangs at %s. No event is lost: what was not"
        " saved yet is read again. Please report this line.",
        where,
    )
    leave(1)
