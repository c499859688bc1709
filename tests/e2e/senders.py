"""Who sends by an SDK of others: a script in a process of its own, or a page in a browser.

Comes in: what to run, and where it sends. Goes out: what it asked for elsewhere, and how it stands, for a test that
misses something of it.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from streams.embedded.server import HOST
from tests.e2e.programs import BROWSER, SDKS, chromium, node, sdks
from tests.served import served

TOLD_CHARACTERS: Final = 3_000  # of what each has said, from the end


class Site(ThreadingHTTPServer):
    """A page of a company's on a host of its own, and the proxy that tells of all that it asks of others."""

    def __init__(self, script: str):
        self.script = script.encode()
        self.asked_elsewhere: list[str] = []
        super().__init__((HOST, 0), _Answer)
        self.url = f"http://{HOST}:{self.server_port}"


class _Answer(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        if not self.path.startswith("/"):
            return self.do_CONNECT()
        body = (
            self.server.script
            if self.path == "/page.js"
            else b"<!doctype html><script type=module src=/page.js></script>"
        )
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript" if self.path == "/page.js" else "text/html")
        self.end_headers()
        self.wfile.write(body)
        return None

    def do_CONNECT(self) -> None:
        self.server.asked_elsewhere.append(self.path)
        self.send_error(403)

    def do_POST(self) -> None:
        self.do_CONNECT()

    def log_message(self, *_: object) -> None: ...


@contextmanager
def site(script: str) -> Iterator[Site]:
    made = Site(script)
    with served(made):
        yield made


class Sender:
    """A process that sends; what it says is a file."""

    def __init__(self, name: str, process: "subprocess.Popen[bytes]", log: Path):
        self.name = name
        self._process, self._log = process, log

    def said(self) -> str:
        return self._log.read_text(errors="replace")

    def ended(self, within_s: float) -> int:
        """The exit status, once it has ended by itself."""
        try:
            return self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"within {within_s:g} s it never ended: {self.stands()}") from None

    def stands(self) -> str:
        """Whether it runs, and the end of what it said."""
        status = self._process.poll()
        how = "runs" if status is None else f"ended with status {status}"
        return f"{self.name} {how}, and has said:\n{self.said()[-TOLD_CHARACTERS:]}"

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


class Sdk(Sender):
    """A script. said: what it finds in its environment. It tells of each answer that it gets."""

    def __init__(self, script: str, folder: Path, **said: str):
        name = script.rpartition(".")[0]
        self._watched, log = folder / f"{name}.hosts", folder / f"{name}.log"
        self._watched.touch()
        environment = {"NAME": name, "WATCHED": str(self._watched), "PATH": os.environ["PATH"], **said}
        if script.endswith(".py"):
            command = [sys.executable, str(SDKS / "watch.py"), str(SDKS / script)]
        else:
            command = [node(), "--require", str(sdks() / "watch.cjs"), str(sdks() / script)]
        with log.open("wb") as file:
            super().__init__(name, subprocess.Popen(command, env=environment, stdout=file, stderr=file), log)

    @property
    def hosts(self) -> set[str]:
        """All that it connected to."""
        return set(self._watched.read_text().split())


@contextmanager
def browsing(name: str, url: str, site: Site, folder: Path) -> Iterator[Sender]:
    """Pages tell it what they log."""
    alone = (f"--proxy-server={site.url}", f"--proxy-bypass-list={HOST}", f"--user-data-dir={folder / 'browser'}")
    log = folder / "browser.log"
    with log.open("wb") as file:
        command = [chromium(), *BROWSER, *alone, "--enable-logging=stderr", url]
        browser = Sender(name, subprocess.Popen(command, stdout=file, stderr=file), log)
    try:
        yield browser
    finally:
        browser.kill()
