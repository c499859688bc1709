"""The alerts and the dashboard of `docs/monitoring/`, held against Prometheus' own tool and the metrics that exist."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.runtime.metrics import SPECS
from tests.monitoring_files import DASHBOARD, FOLDER, RULES, in_dashboard
from tests.pages import ROOT
from tests.promtool import promtool


def test_prometheus_takes_the_alerts() -> None:
    assert f"{len(RULES)} rules found" in promtool("check", "rules", FOLDER / "alerts.yml")


def test_each_alert_speaks_when_it_should_and_not_when_it_should_not() -> None:
    promtool("test", "rules", FOLDER / "alerts.test.yml")


def test_every_page_for_the_night_is_tested() -> None:
    tested = (FOLDER / "alerts.test.yml").read_text()
    assert [
        rule["alert"] for rule in RULES if rule["labels"]["severity"] == "page" and rule["alert"] not in tested
    ] == []


def test_prometheus_understands_all_that_the_dashboard_asks(tmp_path: Path) -> None:
    plain = [expression.replace("$__rate_interval", "5m").replace('"$job"', '".+"') for expression in in_dashboard()]
    rules = [{"record": f"panel:{number}", "expr": expression} for number, expression in enumerate(plain)]
    written = tmp_path / "dashboard.yml"
    written.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    promtool("check", "rules", written)


def test_every_figure_is_on_the_dashboard() -> None:
    asked = " ".join(in_dashboard())
    assert [spec.name for spec in SPECS if spec.name not in asked] == []


def test_each_figure_says_what_to_do_about_it() -> None:
    page = (ROOT / "docs/monitoring.md").read_text()
    done, all_of_it = page.partition("### What to do about a figure")[2], page.partition("## Alerts")[0]
    figures = set(re.findall(r"^\| `(segmenter_\w+)`", all_of_it, re.MULTILINE))
    assert figures == set(re.findall(r"`(segmenter_\w+)`", done.partition("Scrape each kind")[0]))
    assert {spec.name for spec in SPECS} <= figures


def test_no_two_panels_lie_on_each_other() -> None:
    places = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    taken = [(at["x"] + x, at["y"] + y) for at in places for x in range(at["w"]) for y in range(at["h"])]
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_each_alert_says_what_it_means_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert all(rule["annotations"][part].endswith(".") for part in ("summary", "description", "action"))


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_names_are_those_of_prometheus_conventions(spec: Any) -> None:
    assert re.fullmatch(r"segmenter(_[a-z]+)+", spec.name)
    assert "user" not in spec.labels
    assert not re.search(r"_(ms|milliseconds|minutes|kb|mb)\b", spec.name)
    assert spec.means.endswith(".")
