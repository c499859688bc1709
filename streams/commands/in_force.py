"""The rules that a command goes by: what is live, or the folder.

Comes in: the settings. Goes out: rules and messages; or a `RuleError` with every fault of the folder.
"""

import asyncio
from typing import TYPE_CHECKING

from streams.errors import RuleError, Unreachable
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.lifecycle.checking import InForce


def in_force(settings: Settings) -> "InForce":
    """The live version; the folder where nothing was ever applied."""
    from streams.admin.rules_in_force import rules_in_force

    return asyncio.run(rules_in_force(settings))


def refuse_faults(settings: Settings) -> None:
    """Of the folder, for what is about to run for long: at once, rather than when Kafka and Redis answer. Where other
    rules are live it runs those, whatever the folder says."""
    from streams.lifecycle.checking import check_folder

    try:
        check_folder(settings.rules)
    except RuleError as error:
        try:
            is_live = in_force(settings).version is not None
        except (RuleError, Unreachable):
            is_live = False
        if not is_live:
            raise error from None
