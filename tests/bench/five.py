"""The five rules under which all figures are measured: those at the top of the folder of rules that ship.

Comes in: nothing. Goes out: their rulebook, or a folder of their own for a worker.
"""

import shutil
from pathlib import Path

from streams.core.rules.rulebook import Rulebook
from streams.rulefiles import load
from tests.e2e.pipeline import ROOT

NAMES = ("churn-risk", "dormant", "payment-trouble", "power-user", "trial-ending-unengaged")


def five_rules() -> Rulebook:
    book = load(ROOT / "rules")
    return Rulebook(tuple(rule for rule in book.rules if rule.name in NAMES))


def folder_of_five(parent: Path) -> str:
    folder = parent / "five"
    folder.mkdir(exist_ok=True)
    for name in NAMES:
        shutil.copy(ROOT / "rules" / f"{name}.yaml", folder)
    return str(folder)
