"""The alerts and the dashboard of `docs/monitoring/`, as tests read them."""

import json
from typing import Any, Final

import yaml

from tests.pages import ROOT

FOLDER: Final = ROOT / "docs/monitoring"
DASHBOARD: Final[dict[str, Any]] = json.loads((FOLDER / "dashboard.json").read_text())
RULES: Final[list[dict[str, Any]]] = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"][0]["rules"]


def in_dashboard() -> list[str]:
    """Every expression that it asks Prometheus for."""
    asked = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    asked += [each["expr"] for each in DASHBOARD["annotations"]["list"]]
    return [*asked, DASHBOARD["templating"]["list"][1]["query"].replace("label_values(", "count(").replace(", job", "")]
