"""Stripe's own client and a server that speaks its API: the ledger is what that server lists."""

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import stripe
from click.testing import CliRunner

from streams.cli import main
from streams.embedded.server import HOST, free_port
from streams.testing import identify, to_bytes
from tests.e2e.collector import CollectorProcess, asked
from tests.e2e.pipeline import WITHIN_S, Pipeline, until
from tests.served import served

SECRET = "whsec_test"
NOBODY = ""
LOCALSTRIPE = Path(sys.executable).with_name("localstripe")


class Webhooks(ThreadingHTTPServer):
    """Keeps the bodies of all that is sent to it. to: where each goes on to, as it is, until it is taken: Stripe sends
    for days, and localstripe once, be it at a moment at which Kafka stands still."""

    def __init__(self, to: str | None = None) -> None:
        self.bodies: list[bytes] = []
        self.to = to
        super().__init__((HOST, 0), _Receive)
        self.url = f"http://{HOST}:{self.server_port}/"

    def wait_for(self, kind: str, times: int) -> None:
        deadline = time.monotonic() + WITHIN_S
        while [json.loads(body)["type"] for body in list(self.bodies)].count(kind) < times:
            assert time.monotonic() < deadline, f"{kind} did not come {times} times"
            time.sleep(0.02)


class _Receive(BaseHTTPRequestHandler):
    server: Webhooks

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.append(body)
        if self.server.to is not None:
            named = {name: self.headers[name] for name in ("Content-Type", "Stripe-Signature")}
            request = urllib.request.Request(self.server.to, body, named)
            until(lambda: asked(request)[0], 200)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@contextmanager
def listening(to: str | None = None) -> Iterator[Webhooks]:
    webhooks = Webhooks(to)
    with served(webhooks):
        yield webhooks


@contextmanager
def serving(webhooks: str) -> Iterator[stripe.StripeClient]:
    """localstripe is another's program, and runs as one. It tells what happens to whoever is at the URL `webhooks`."""
    address = f"http://{HOST}:{free_port()}"
    command = [str(LOCALSTRIPE), "--port", address.rpartition(":")[2], "--from-scratch"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            told = f"url={webhooks}&secret={SECRET}".encode()
            _once_it_listens(urllib.request.Request(f"{address}/_config/webhooks/ours", data=told))
            yield stripe.StripeClient("sk_test_1", base_addresses={"api": address})
        finally:
            process.kill()


def _once_it_listens(request: urllib.request.Request) -> None:
    deadline = time.monotonic() + WITHIN_S
    while True:
        try:
            with urllib.request.urlopen(request, timeout=WITHIN_S):
                return
        except OSError:
            assert time.monotonic() < deadline, "localstripe does not listen"
            time.sleep(0.05)


def subscribe(client: stripe.StripeClient, customer: str, user: str | None, plan: str, quantity: int) -> str:
    items: Any = [{"plan": plan, "quantity": quantity}]
    wanted: Any = {"customer": customer, "items": items} | ({"metadata": {"user_id": user}} if user else {})
    return client.v1.subscriptions.create(wanted).id


def plans_and_customer(client: stripe.StripeClient) -> str:
    for name, amount, interval in (("monthly", 2_000, "month"), ("yearly", 12_000, "year"), ("weekly", 300, "week")):
        plan: Any = {"id": name, "amount": amount, "currency": "usd", "interval": interval, "product": {"name": name}}
        client.v1.plans.create(plan)
    return customer_with_card(client)


def customer_with_card(client: stripe.StripeClient) -> str:
    card: Any = {
        "type": "card",
        "card": {"number": "4242424242424242", "exp_month": 12, "exp_year": time.gmtime().tm_year + 3, "cvc": "123"},
    }
    method = client.v1.payment_methods.create(card)
    customer = client.v1.customers.create({"email": "ann@example.org"}).id
    client.v1.payment_methods.attach(method.id, {"customer": customer})
    client.v1.customers.update(customer, {"invoice_settings": {"default_payment_method": method.id}})
    return customer


def listed(client: stripe.StripeClient, customer: str) -> dict[str, dict[str, tuple[str, Any]]]:
    """By user: subscription -> status and, in dollars a month, what it is worth."""
    months = {"month": 1.0, "year": 12.0, "week": 12 / 52}
    found: dict[str, dict[str, tuple[str, Any]]] = {}
    for one in client.v1.subscriptions.list({"customer": customer, "status": "all"}).data:
        (item,) = one["items"]["data"]
        worth = item["quantity"] * item["plan"]["amount"] / 100 / months[item["plan"]["interval"]]
        found.setdefault(one["metadata"].to_dict().get("user_id", NOBODY), {})[one.id] = (
            one.status,
            pytest.approx(worth),
        )
    return found


def ledger(pipeline: Pipeline, user: str) -> dict[str, tuple[str, float]]:
    told = CliRunner().invoke(main, ["explain", user, "--json"], env=pipeline.environment)
    subscriptions = json.loads(told.stdout)["subscriptions"] if told.exit_code == 0 else []
    return {one["id"]: (one["status"], one["mrr"]) for one in subscriptions}


def subscribed(client: stripe.StripeClient) -> dict[str, dict[str, tuple[str, Any]]]:
    """What happens to some, and what the server lists of them then."""
    customer = plans_and_customer(client)
    subscribe(client, customer, "ann", "monthly", 2)
    subscribe(client, customer, "ann", "yearly", 3)
    given_up = subscribe(client, customer, "ann", "weekly", 1)
    subscribe(client, customer, "bob", "weekly", 5)
    client.v1.subscriptions.cancel(given_up)
    wanted = listed(client, customer)
    assert {len(each) for each in wanted.values()} == {3, 1}
    return wanted


def wait_for_ledgers(pipeline: Pipeline, wanted: dict[str, dict[str, tuple[str, Any]]]) -> None:
    with pipeline.worker(stripe_livemode="any") as worker:
        deadline = time.monotonic() + WITHIN_S
        while {user: ledger(pipeline, user) for user in wanted} != wanted:
            assert time.monotonic() < deadline, (wanted, {user: ledger(pipeline, user) for user in wanted})
            time.sleep(0.2)
        worker.stop()
    assert "Traceback" not in worker.said()


def test_the_ledger_equals_what_the_server_lists(pipeline: Pipeline) -> None:
    with listening() as webhooks, serving(webhooks.url) as client:
        wanted = subscribed(client)
        webhooks.wait_for("customer.subscription.created", 4)
        webhooks.wait_for("customer.subscription.deleted", 1)
    # As whoever forwards webhooks may send them: without a key, and some of them twice.
    pipeline.publish_raw([("billing-updates", None, body) for body in (*webhooks.bodies, *webhooks.bodies)])
    wait_for_ledgers(pipeline, wanted)


def test_a_collector_takes_webhooks_as_the_server_signs_and_sends_them(pipeline: Pipeline) -> None:
    settings = {"stripe_secrets": SECRET, "stripe_livemode": "any"}
    with (
        CollectorProcess(pipeline, **settings) as collector,
        listening(to=f"{collector.url}/v1/stripe") as webhooks,
        serving(webhooks.url) as client,
    ):
        wait_for_ledgers(pipeline, subscribed(client))


def test_whose_a_customer_is_may_be_said_in_three_ways_and_nothing_on_subscriptions(pipeline: Pipeline) -> None:
    with listening() as webhooks, serving(webhooks.url) as client, pipeline.worker(stripe_livemode="any") as worker:
        by_trait, by_metadata, by_checkout = (
            plans_and_customer(client),
            customer_with_card(client),
            customer_with_card(client),
        )
        customers = {"ann": by_trait, "bob": by_metadata, "cy": by_checkout}
        for customer in customers.values():
            subscribe(client, customer, None, "monthly", 2)
            client.v1.subscriptions.cancel(subscribe(client, customer, None, "weekly", 1))
        webhooks.wait_for("customer.subscription.created", 6)
        webhooks.wait_for("customer.subscription.deleted", 3)
        client.v1.customers.update(by_metadata, {"metadata": {"user_id": "bob"}})
        wait_until(lambda: any(b'"user_id"' in body for body in webhooks.bodies), "the customer's metadata")
        sent = list(webhooks.bodies)
        pipeline.publish_raw([("billing-updates", None, body) for body in sent])
        session = {"object": "checkout.session", "customer": by_checkout, "client_reference_id": "cy"}
        completed: Any = {"id": "evt_cs", "object": "event", "type": "checkout.session.completed"}
        completed |= {"created": int(time.time()), "data": {"object": session}}
        identified = identify("ann", int(time.time() * 1000), stripe_customer_id=by_trait)
        pipeline.publish_raw(
            [
                ("billing-updates", None, json.dumps(completed).encode()),
                ("product-events", "ann", to_bytes(identified)),
            ]
        )
        wait_until_listed(pipeline, client, customers)
        for customer in customers.values():
            subscribe(client, customer, None, "yearly", 3)
        webhooks.wait_for("customer.subscription.created", 9)
        pipeline.publish_raw([("billing-updates", None, body) for body in webhooks.bodies[len(sent) :]])
        wait_until_listed(pipeline, client, customers)
        worker.stop()
    assert "Traceback" not in worker.said()


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not is_so():
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.02)


def wait_until_listed(pipeline: Pipeline, client: stripe.StripeClient, customers: dict[str, str]) -> None:
    wanted = {user: listed(client, customer)[NOBODY] for user, customer in customers.items()}
    deadline = time.monotonic() + WITHIN_S
    while (found := {user: ledger(pipeline, user) for user in wanted}) != wanted:
        assert time.monotonic() < deadline, (wanted, found)
        time.sleep(0.2)
