"""What every SDK sends here: as many events as COUNT says, of several users, numbered."""

import os
import time
from collections.abc import Iterator
from typing import Any

NAME, COUNT, USERS = os.environ["NAME"], int(os.environ["COUNT"]), int(os.environ["USERS"])


def events() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for n in range(COUNT):
        yield f"{NAME}-{n % USERS}", "Clicked", {"sdk": NAME, "n": n}
        time.sleep(int(os.environ["PAUSE_MS"]) / 1_000)
