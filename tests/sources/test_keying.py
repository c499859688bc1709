"""The key of a line is whom it names, as the worker that reads it decides: the user, else the alias."""

import pytest

from streams.sources import InputOptions
from streams.sources.envelope import envelope
from streams.sources.keying import Keys
from streams.testing import Record, to_bytes
from tests.sources.stripe_events import event, subscription, updated

CUSTOMER = {"id": "cus_1", "object": "customer", "metadata": {"user_id": "ann"}}


@pytest.mark.parametrize(
    ("line", "key"),
    [
        (b'{"type":"track","userId":"ann","anonymousId":"a-1"}', "ann"),
        (b'{"type":"page","anonymousId":"a-1"}', "a-1"),
        (b'{"type":"page","userId":"","anonymousId":"a-1"}', "a-1"),
        (b'{"type":"page","userId":"null","anonymousId":"a-1"}', "a-1"),
        (b'{"type":"page","anonymousId":"undefined"}', None),
        (b'{"type":"page","userId":7,"anonymousId":["a"]}', None),
        (b'{"type":"billing","userId":"ann"}', "ann"),
        (b'{"type":"merge","userId":"bob","into":"ann"}', "bob"),
        (updated(subscription(metadata={"user_id": "ann"}, customer="cus_1")), "ann"),
        (updated(subscription(metadata={}, customer="cus_1")), "cus_1"),
        (updated(subscription(metadata={}, customer=None)), None),
        (event("customer.created", CUSTOMER), "ann"),
        (event("product.created", {"id": "prod_1"}), None),
    ],
)
def test_the_key_is_the_user_or_else_the_alias(line: bytes, key: str | None) -> None:
    assert Keys(InputOptions()).of(envelope(line), line) == key


def test_an_id_that_the_settings_say_is_nobodys_is_no_key() -> None:
    record: Record = {"type": "page", "userId": "nemo", "anonymousId": "a-1"}
    keys = Keys(InputOptions(not_users=frozenset({"nemo"})))
    assert keys.of(envelope(to_bytes(record)), to_bytes(record)) == "a-1"
