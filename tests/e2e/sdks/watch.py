"""Notes every host that a script connects to, in the file that WATCHED names: `python watch.py SCRIPT`."""

import os
import runpy
import socket
import sys
from pathlib import Path
from typing import Any

look_up = socket.getaddrinfo


def watched(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
    with Path(os.environ["WATCHED"]).open("a") as file:
        file.write(f"{host}:{port}\n")
    return look_up(host, port, *args, **kwargs)


socket.getaddrinfo = watched
runpy.run_path(sys.argv[1], run_name="__main__")
