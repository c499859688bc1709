"""Whether the worker of this machine is well, for whoever starts containers: `python -m streams.monitoring.check`.

Comes in: the settings, which say where it tells. Goes out: what is wrong, a line each; the exit status is 0 where all
is well, or where nothing is told (`SEGMENTER_METRICS=off`), else 1.
"""

import http.client
import json
import sys
from typing import Final

from streams.settings import Settings

ANSWERS_WITHIN_S: Final = 5.0
EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where to ask who listens there


def trouble(settings: Settings) -> list[str]:
    """What is wrong, in words."""
    if settings.metrics is None:
        return []
    at = settings.metrics._replace(host=EVERYWHERE.get(settings.metrics.host, settings.metrics.host))
    connection = http.client.HTTPConnection(at.host, at.port, timeout=ANSWERS_WITHIN_S)
    try:
        connection.request("GET", "/healthz")
        return list(json.load(connection.getresponse())["failing"])
    except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
        return [f"no worker answers at {at}: {str(error) or type(error).__name__}"]
    finally:
        connection.close()


def main() -> None:
    found = trouble(Settings.current())
    sys.stdout.write("".join(f"{line}\n" for line in found) or "ok\n")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
