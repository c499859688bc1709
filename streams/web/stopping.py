"""That the process has been told to stop: whoever holds a stream open ends it then."""

import asyncio


class Stopping:
    """Set once, from a signal's handler; awaited by streams, beside whatever else they wait for."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def __bool__(self) -> bool:
        return self._event.is_set()

    def begin(self) -> None:
        self._event.set()

    async def wait(self) -> None:
        await self._event.wait()
