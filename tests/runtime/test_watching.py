"""What watches a worker's process, in a process: it ends itself when its event loop is blocked."""

import subprocess
import sys
import textwrap

BLOCKED = """
    import asyncio, time
    from streams.log import configure
    from streams.monitoring import watchdog
    from streams.runtime import watching
    from streams.settings import Settings

    watchdog.LOOKS_EVERY_S = 0.1

    async def main():
        dog = watchdog.Watchdog(watching._end, looks=10)
        dog.start()
        for _ in range(20):
            dog.beat()
            await asyncio.sleep(0.02)
        print("well so far", flush=True)
        time.sleep(600)

    configure("info")
    asyncio.run(main())
"""


def test_a_process_whose_event_loop_is_blocked_ends_with_a_word_and_a_status() -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(BLOCKED)], capture_output=True, text=True, timeout=300, check=False
    )
    assert (done.returncode, done.stdout) == (1, "well so far\n"), done.stderr
    assert "worker - ends: its event loop has not moved for a minute, and hangs at " in done.stderr
