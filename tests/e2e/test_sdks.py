"""Real SDKs, each pointed at a collector and at nothing else, while Kafka and the collector are killed.

Nothing is lost, what is sent twice counts once, no other host is asked for anything, and whoever comes anonymously
first is one person at the end.
"""

import json
import re
import subprocess
import sys
import time
import urllib.parse
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import stripe

from streams.embedded.server import HOST
from streams.testing import changes, parse_rules
from tests.conftest import Kafka
from tests.e2e.apache_kafka import ApacheKafka
from tests.e2e.collector import CollectorProcess
from tests.e2e.pipeline import WITHIN_S, Pipeline, Seen, until
from tests.e2e.programs import bundled, node, sdks
from tests.e2e.senders import Sdk, Sender, Site, browsing, site
from tests.pages import ROOT, blocks

COUNT, USERS, PAUSE_MS = 60, 12, 150
EACH: Final = COUNT // USERS
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


def page_of(site: Site, collector: CollectorProcess) -> str:
    asked = {"url": collector.url, "key": "WEB", "name": PAGE, "count": COUNT, "users": USERS, "pause": PAUSE_MS}
    return f"{site.url}/?{urllib.parse.urlencode({**asked, 'from': 0})}"


def test_no_event_of_any_sdk_is_lost_or_counted_twice_and_no_other_host_is_asked(
    pipeline: Pipeline, kafka: Kafka, tmp_path: Path
) -> None:
    script, said = bundled(sdks() / "page.js"), {"COUNT": f"{COUNT}", "USERS": f"{USERS}", "PAUSE_MS": f"{PAUSE_MS}"}
    with CollectorProcess(pipeline, stripe_secrets=SECRET) as collector, site(script) as ours, ExitStack() as stack:
        running = [Sdk(each, tmp_path, URL=collector.url, KEY="SERVER", **said) for each in SCRIPTS]
        for sdk in running:
            stack.callback(sdk.kill)
        page = stack.enter_context(browsing(PAGE, page_of(ours, collector), ours, tmp_path))
        stack.enter_context(told_of([*running, page], collector))
        everybody = {PAGE, *(sdk.name for sdk in running)}
        wait_for(pipeline, everybody, 1)
        if isinstance(kafka, ApacheKafka):  # the embedded broker forgets what it had
            kafka.kill()
            # Who has nothing to send any more does not find it out.
            until(lambda: collector.post("/v1/page", {"userId": "nobody"})[0], 503)
            assert collector.get("/health")[0] == 503
            kafka.start()
            until(lambda: collector.get("/health")[0], 200)
        collector.kill()
        collector.start()
        assert {sdk.name: sdk.ended(SENT_WITHIN_S) for sdk in running} == {sdk.name: 0 for sdk in running}
        events = wait_for(pipeline, everybody, COUNT)
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
        for command in ([node(), "shown.mjs"], [sys.executable, "-c", python]):
            while_kafka_answers(collector, partial(run_beside_sdks, command))
        (sdks() / "shown.js").write_text(browser)
        with (
            site(bundled(sdks() / "shown.js")) as ours,
            browsing(PAGE, ours.url, ours, tmp_path) as page,
            told_of([page], collector),
        ):
            seen = pipeline.read("product-events", lambda seen: len(kinds(seen)) >= 4)
    events = list(by_id(seen).values())
    tracked = [event for event in events if event["type"] == "track"]
    assert {(event["userId"], event["event"], event["properties"]["format"]) for event in tracked} == {
        ("ann", "Report Created", "pdf")
    }
    [identified] = [event["traits"] for event in events if event["type"] == "identify"]
    assert identified == {"plan": "pro"}


def while_kafka_answers(collector: CollectorProcess, sends: Callable[[], object]) -> None:
    """Again where Kafka stood still meanwhile: by its defaults an SDK soon gives up."""
    until(lambda: collector.get("/health")[0], 200)
    troubles = -1
    while troubles != (troubles := collector.said().count("WARNING Kafka - ")):
        sends()


def run_beside_sdks(command: Sequence[str]) -> None:
    subprocess.run(command, cwd=sdks(), check=True, timeout=WITHIN_S)


def kinds(seen: list[Seen]) -> set[tuple[str, str]]:
    """What is told by which SDK."""
    return {(one.json["type"], one.json["context"]["library"]["name"]) for one in seen}


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


def wait_for(pipeline: Pipeline, names: set[str], count: int) -> list[dict[str, Any]]:
    """All events, once there are so many clicks of each."""
    sent: dict[str, Counter[int]] = {}

    def enough(seen: list[Seen]) -> bool:
        sent.update(clicks([one.json for one in seen]))
        return all(len(sent.get(name, ())) >= count for name in names)

    try:
        return [one.json for one in pipeline.read("product-events", enough, SENT_WITHIN_S)]
    except AssertionError as error:
        there = {name: sorted(sent.get(name, ())) for name in names}
        error.add_note(f"Of each {count} clicks are waited for. Those that are there: {there}")
        raise


@contextmanager
def told_of(senders: Sequence[Sender], collector: CollectorProcess) -> Iterator[None]:
    """What fails in here says how each of them stands."""
    try:
        yield
    except BaseException as error:
        for sender in senders:
            error.add_note(sender.stands())
        error.add_note(f"The collector has said:\n{collector.said()}")
        raise
