"""The rules and messages that a group runs by: of the live version; of the folder, where nothing was ever applied.

Comes in: the settings. Goes out: what they mean, and which version it is.
"""

from streams.lifecycle.checking import InForce, in_force
from streams.settings import Settings
from streams.state.opening import opened_store


async def rules_in_force(settings: Settings) -> InForce:
    async with opened_store(settings) as store:
        return await in_force(store.group, settings.rules)
