"""All benchmarks, one after the other, as `make bench` runs them: python -m tests.bench

Each also runs alone, as its docstring says. They print ratios and medians, and decide nothing. Wanted: Java, Maven,
Linux, and a machine that does nothing else for a quarter of an hour.
"""

import subprocess
import sys

from tests.e2e.pipeline import ROOT

ALL = (
    "batches",
    "decode",
    "misrouted",
    "index",
    "engine",
    "functions",
    "rule_count",
    "changes",
    "merging",
    "wave",
    "state",
    "memory",
    "loading",
    "unlinked",
    "takeover",
    "backlog",
    "latency",
    "links",
    "robots",
    "collect",
    "backtest",
    "feed",
    "deliver",
    "window",
    "paint",
    "pipeline",
)


def main() -> None:
    for name in ALL:
        print(f"\n{name}", flush=True)
        # A process each: what one has cached or allocated is no matter of the next.
        subprocess.run([sys.executable, "-m", f"tests.bench.{name}"], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
