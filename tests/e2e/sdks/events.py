"""What every SDK sends here: as many events as COUNT says, of several users, numbered."""

import logging
import os
import time
from collections.abc import Iterator
from typing import Any

# For a test that misses something: each answer, and each wait for another try.
logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
logging.getLogger("urllib3").setLevel(logging.DEBUG)
NAME, COUNT, USERS = os.environ["NAME"], int(os.environ["COUNT"]), int(os.environ["USERS"])


def events() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for n in range(COUNT):
        yield f"{NAME}-{n % USERS}", "Clicked", {"sdk": NAME, "n": n}
        time.sleep(int(os.environ["PAUSE_MS"]) / 1_000)


def person() -> list[tuple[str, dict[str, Any]]]:
    """And of somebody who is there before she says who she is: anonymously, by name, with the id of before, and in a
    company."""
    user, device = f"{NAME}-anna", f"{NAME}-device"
    looked = "track", {"anonymous_id": device, "event": "Looked Around"}
    traits = {"role": "buyer", "stripe_customer_id": f"cus_{NAME}"}
    return [
        *(looked, looked, looked),
        ("identify", {"user_id": user, "traits": traits}),
        ("alias", {"previous_id": device, "user_id": user}),
        ("group", {"user_id": user, "group_id": NAME, "traits": {"employees": 50}}),
    ]
