"""Real SDKs, each pointed at a collector and at nothing else, while Kafka and the collector are killed.

Nothing is lost, what is sent twice counts once, no other host is asked for anything, and whoever comes anonymously
first is one person at the end.
"""

import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.parse
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import stripe

from streams.embedded.server import HOST
from streams.testing import changes, parse_rules
from tests.conftest import Kafka
from tests.e2e.apache_kafka import ApacheKafka
from tests.e2e.collector import CollectorProcess
from tests.e2e.pipeline import WITHIN_S, Pipeline, Seen
from tests.e2e.programs import BROWSER, SDKS, bundled, chromium, node, sdks
from tests.pages import ROOT, blocks

COUNT, USERS, PAUSE_MS = 60, 12, 150
EACH: Final = COUNT // USERS
# The longer Kafka was away, the longer an SDK waits before it tries again: each time twice as long.
SENT_WITHIN_S: Final = 300.0
SCRIPTS: Final = ("analytics-node.mjs", "rudder-sdk-node.mjs", "segment-analytics-python.py", "rudder-sdk-python.py")
# What Chromium asks for by itself, whatever is shown.
BROWSERS_OWN: Final = re.compile(r"^(?:\w+://)?[\w.-]*\b(?:google|googleapis|gstatic|gvt1)\.com[:/]")
HTTP: Final = ROOT / "docs" / "http.md"
PAGE: Final = "analytics-next"
# As many events as each user had, and not one more: a lost one would be missed, and one that counts twice be seen.
RULES: Final = (
    f'segment: all\nenter: count("Clicked") >= {EACH}',
    f'segment: too-many\nenter: count("Clicked") > {EACH}',
)
# All that was said of one person under an anonymous id, by name, of her company, and by Stripe of its customer.
PERSON: Final = """
segment: one-person
enter: count("Looked Around") == 3 and role == "buyer" and group.employees == 50 and mrr == 20
"""
SECRET: Final = "whsec_test"


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
    with Site(script) as serving:
        thread = threading.Thread(target=serving.serve_forever, daemon=True)
        thread.start()
        try:
            yield serving
        finally:
            serving.shutdown()
            thread.join(WITHIN_S)


@contextmanager
def browsing(url: str, site: Site, folder: Path) -> Iterator[None]:
    alone = (f"--proxy-server={site.url}", f"--proxy-bypass-list={HOST}", f"--user-data-dir={folder / 'browser'}")
    with (folder / "browser.log").open("wb") as log:
        process = subprocess.Popen([chromium(), *BROWSER, *alone, url], stdout=log, stderr=log)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def page_of(site: Site, collector: CollectorProcess) -> str:
    asked = {"url": collector.url, "key": "WEB", "name": PAGE, "count": COUNT, "users": USERS, "pause": PAUSE_MS}
    return f"{site.url}/?{urllib.parse.urlencode({**asked, 'from': 0})}"


class Sdk:
    """A script that sends by one of them, in a process of its own."""

    def __init__(self, script: str, collector: CollectorProcess, folder: Path):
        self.name = script.rpartition(".")[0]
        self._watched, self._log = folder / f"{self.name}.hosts", folder / f"{self.name}.log"
        self._watched.touch()
        said = {"URL": collector.url, "KEY": "SERVER", "NAME": self.name, "WATCHED": str(self._watched)}
        said |= {"COUNT": str(COUNT), "USERS": str(USERS), "PAUSE_MS": str(PAUSE_MS), "PATH": os.environ["PATH"]}
        if script.endswith(".py"):
            command = [sys.executable, str(SDKS / "watch.py"), str(SDKS / script)]
        else:
            command = [node(), "--require", str(sdks() / "watch.cjs"), str(sdks() / script)]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, env=said, stdout=log, stderr=log)

    @property
    def hosts(self) -> set[str]:
        """All that it connected to."""
        return set(self._watched.read_text().split())

    def ended(self) -> int:
        return self._process.wait(SENT_WITHIN_S)

    def said(self) -> str:
        return self._log.read_text()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


def test_no_event_of_any_sdk_is_lost_or_counted_twice_and_no_other_host_is_asked(
    pipeline: Pipeline, kafka: Kafka, tmp_path: Path
) -> None:
    script = bundled(sdks() / "page.js")
    with CollectorProcess(pipeline, stripe_secrets=SECRET) as collector, site(script) as ours, ExitStack() as stack:
        running = [Sdk(each, collector, tmp_path) for each in SCRIPTS]
        for sdk in running:
            stack.callback(sdk.kill)
        stack.enter_context(browsing(page_of(ours, collector), ours, tmp_path))
        everybody = {PAGE, *(sdk.name for sdk in running)}
        wait_for(pipeline, lambda sent: sent.keys() >= everybody)
        if isinstance(kafka, ApacheKafka):  # the embedded broker forgets what it had
            kafka.kill()
            until(lambda: collector.get("/health")[0] == 503)
            kafka.start()
            until(lambda: collector.get("/health")[0] == 200)
        collector.kill()
        collector.start()
        assert {sdk.name: sdk.ended() for sdk in running} == {sdk.name: 0 for sdk in running}
        events = wait_for(pipeline, lambda sent: all(len(sent.get(name, ())) >= COUNT for name in everybody))
        known = pipeline.read("product-events", lambda seen: groups(seen) >= everybody, SENT_WITHIN_S)
        for name in everybody:
            subscribe(collector, name)
        billed = pipeline.read("billing-updates", lambda seen: len({one.json["id"] for one in seen}) >= len(everybody))
    everything = {*range(COUNT)}
    assert {name: everything - numbers.keys() for name, numbers in clicks(events).items()} == {
        name: set() for name in everybody
    }
    assert [each for each in clicked(events) if each.get("userId") != whose(each["properties"])] == []
    told = changes(parse_rules(PERSON), [one.json for one in (*known, *billed)])
    assert Counter(change.subject for change in told) == {f"{name}-anna": 1 for name in everybody}
    entered = Counter(change.segment for change in changes(parse_rules(*RULES), events))
    assert entered == {"all": len(everybody) * USERS}
    assert {sdk.name: sdk.hosts for sdk in running} == {sdk.name: {f"{HOST}:{collector.port}"} for sdk in running}
    assert [each for each in ours.asked_elsewhere if not BROWSERS_OWN.search(each)] == []


def test_the_code_that_the_page_shows_sends_what_it_says(pipeline: Pipeline, tmp_path: Path) -> None:
    with CollectorProcess(pipeline, write_keys="web:KEY") as collector:
        browser, server = shown("js", collector)
        [python] = shown("python", collector)
        (sdks() / "shown.mjs").write_text(server)
        subprocess.run([node(), "shown.mjs"], cwd=sdks(), check=True, timeout=WITHIN_S)
        subprocess.run([sys.executable, "-c", python], check=True, timeout=WITHIN_S)
        (sdks() / "shown.js").write_text(browser)
        with site(bundled(sdks() / "shown.js")) as ours, browsing(ours.url, ours, tmp_path):
            seen = pipeline.read("product-events", lambda seen: len(by_id(seen)) >= 4)
    events = list(by_id(seen).values())
    tracked = [event for event in events if event["type"] == "track"]
    assert {(event["userId"], event["event"], event["properties"]["format"]) for event in tracked} == {
        ("ann", "Report Created", "pdf")
    }
    [identified] = [event["traits"] for event in events if event["type"] == "identify"]
    assert identified == {"plan": "pro"}


def by_id(seen: list[Seen]) -> dict[str, Any]:
    """Each event once: an SDK that has no answer in time sends again."""
    return {one.json["messageId"]: one.json for one in seen}


def subscribe(collector: CollectorProcess, name: str) -> None:
    """As Stripe tells of it, which knows nobody but its customer."""
    price = {"id": "price_1", "unit_amount": 2_000, "currency": "usd", "recurring": {"interval": "month"}}
    items = {"data": [{"id": f"si_{name}", "quantity": 1, "price": price}]}
    body = {"object": "subscription", "id": f"sub_{name}", "customer": f"cus_{name}", "status": "active"}
    event = {"id": f"evt_{name}", "object": "event", "type": "customer.subscription.created", "livemode": True}
    event |= {"created": int(time.time()), "data": {"object": body | {"items": items}}}
    said = json.dumps(event)
    signature = stripe.WebhookSignature.generate_signature_header(said, SECRET)
    collector.takes("/v1/stripe", said.encode(), Stripe_Signature=signature)


def groups(seen: list[Seen]) -> set[str]:
    """The companies that SDKs have told of: the last that each sends."""
    return {one.json["groupId"] for one in seen if one.json["type"] == "group"}


def shown(language: str, collector: CollectorProcess) -> list[str]:
    return [block.text.replace("http://localhost:8080", collector.url) for block in blocks(HTTP, language)]


def clicked(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event for event in events if event.get("event") == "Clicked"]


def whose(said: dict[str, Any]) -> str:
    """The user for whom a script sends an event of this number."""
    return f"{said['sdk']}-{said['n'] % USERS}"


def clicks(events: list[dict[str, Any]]) -> dict[str, Counter[int]]:
    """By SDK, how often each of its events is there."""
    found: dict[str, Counter[int]] = {}
    for event in clicked(events):
        found.setdefault(event["properties"]["sdk"], Counter())[event["properties"]["n"]] += 1
    return found


def wait_for(pipeline: Pipeline, done: Callable[[dict[str, Counter[int]]], bool]) -> list[dict[str, Any]]:
    """All events, once those that are there are enough."""
    seen = pipeline.read("product-events", lambda seen: done(clicks([one.json for one in seen])), SENT_WITHIN_S)
    return [one.json for one in seen]


def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.1)
