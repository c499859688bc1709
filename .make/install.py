"""The environment that `make` works in, from a lock file. It tells how far it is, as the first time takes a while.

    python install.py VENV LOCK

Comes in: the folder to make or to add to, and what belongs into it. Goes out: that, and the project itself, editable.
"""

import re
import subprocess
import sys
import time
from pathlib import Path

LOOKS_EVERY_S = 0.1
# pip would compile all modules ahead, and most are never imported.
PIP = "-m pip install --no-deps --no-compile --disable-pip-version-check".split()
WHEEL = re.compile(r"(?:Downloading|Using cached|Processing) (?:\S*/)?([^\s/-]+)-([^\s-]+)-\S+\.whl(?: (\(.+\)))?")


def install(venv: Path, lock: Path) -> None:
    python, log = venv / "bin" / "python", venv / "install.log"
    if not python.exists():
        say(f"Making {venv}, the first time only ...")
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    packages = len(pinned(lock))
    say(f"Installing {packages} packages into it, those of {lock} ...")
    with log.open("w") as out:
        command = [python, *PIP, "--require-hashes", "--requirement", lock]
        with subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT) as pip:
            while pip.poll() is None:
                time.sleep(LOOKS_EVERY_S)
                show(how_far(log.read_text(), packages, venv))
    show("")
    if pip.returncode:
        sys.exit(f"pip failed, and said:\n{log.read_text()}")
    subprocess.run([python, *PIP, "--quiet", "--no-build-isolation", "--editable", "."], check=True)


def pinned(lock: Path) -> set[str]:
    """The names of what it wants on a Unix."""
    pins = re.findall(r"^([\w.-]+)==(.*)", lock.read_text(), re.MULTILINE)
    return {name for name, rest in pins if "win32" not in rest}


def how_far(said: str, of: int, venv: Path) -> str:
    """What pip does, from what it has said and unpacked."""
    if "Installing collected packages" in said:
        unpacked = len([*venv.glob("lib/*/site-packages/*.dist-info")])
        return f"{min(unpacked, of)} of {of} unpacked"
    wheels = WHEEL.findall(said)
    return f"{len(wheels)} of {of}: {' '.join(wheels[-1])}" if wheels else f"0 of {of}"


def say(text: str) -> None:
    print(text, flush=True)


def show(text: str) -> None:
    """On a line that is written over, where somebody looks."""
    if sys.stdout.isatty():
        print(f"\r\033[K  {text}"[:80] if text else "\r\033[K", end="", flush=True)


if __name__ == "__main__":
    try:
        install(*map(Path, sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("Stopped.")
