"""The file that tells another terminal where everything is, so that commands work there as they stand.

Comes in: the settings of what runs here. Goes out: a file for a shell to read, `. FILE`.
"""

import shlex
import sys
from pathlib import Path
from typing import Final

from streams.settings import MEANING, PREFIX, Settings

# What of a user's settings holds in a company on this machine.
KEPT: Final = (*MEANING, "webhook_private")


def write_environment(file: Path, settings: Settings) -> None:
    """The command itself, where Kafka and Redis are, and what else of the user's settings holds."""
    usual = Settings()
    said = {name: settings.shown(name) for name in KEPT if settings.shown(name) != usual.shown(name)}
    said |= {"rules": str(settings.rules.resolve())}
    said |= {"kafka": settings.kafka, "redis": settings.redis.get_secret_value()}
    lines = [f'export PATH={shlex.quote(str(Path(sys.executable).parent))}:"$PATH"']
    lines += [f"export {PREFIX}{name.upper()}={shlex.quote(value)}" for name, value in sorted(said.items())]
    file.write_text("\n".join(lines) + "\n")
