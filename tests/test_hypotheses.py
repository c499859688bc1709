"""`rules/HYPOTHESES.md` is run as it stands: on a handful of people, and on the data that it tells of."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from streams.cli import main
from streams.testing import Record, billing, identify, track
from tests import churnsim

PAGE = Path(__file__).parents[1] / "rules" / "HYPOTHESES.md"
TOOL = churnsim.DATA.parents[1] / "tools" / "churnsim_events.py"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)


def compared(folder: Path) -> str:
    """What the page's commands print of the events in a folder."""
    (folder / "rules").mkdir()
    for rule in blocks("yaml"):
        name = re.search(r"segment: (\S+)", rule)
        assert name is not None
        (folder / "rules" / f"{name[1]}.yaml").write_text(rule)
    [command] = re.findall(r"\$ segmenter (.*?) > changes.jsonl", PAGE.read_text())
    arguments = [str(folder / each) if "." in each or each == "rules" else each for each in command.split()]
    replayed = CliRunner().invoke(main, arguments)
    assert replayed.exit_code == 0, replayed.output
    (folder / "changes.jsonl").write_text(replayed.stdout)
    [program] = blocks("python")
    return subprocess.run(
        [sys.executable, "-c", program], cwd=folder, check=True, capture_output=True, text=True
    ).stdout


def person(user: str, friends: int, leaves: str | None) -> list[Record]:
    """Joins on 1 January, and makes a friend a day."""
    records = [identify(user, "2020-01-01"), billing(user, "Subscription Started", "2020-01-01", f"{user}-b", mrr=10)]
    records += [track(user, "newfriend", f"2020-01-{2 + n:02}", f"{user}-{n}") for n in range(friends)]
    if leaves:
        records.append(billing(user, "Subscription Cancelled", leaves, f"{user}-c"))
    return records


def test_a_handful_of_people_is_counted_as_the_page_says(tmp_path: Path) -> None:
    people = [
        *person("ann", friends=3, leaves=None),
        *person("bob", friends=5, leaves="2020-02-01"),
        *person("cid", friends=2, leaves="2020-02-01"),
        *person("dee", friends=0, leaves="2020-05-01"),
    ]
    for name, is_billing in (("product-events", False), ("billing-updates", True)):
        own = sorted(
            (each for each in people if (each["type"] == "billing") is is_billing), key=lambda e: e["timestamp"]
        )
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(record) + "\n" for record in own))
    assert compared(tmp_path).splitlines()[:2] == [
        "friends early: 1 of 2 churned, 50.0%",
        "no friends early: 1 of 2 churned, 50.0%",
    ]


@pytest.mark.skipif(not churnsim.DATA.exists(), reason="the accounts are not on this machine")
def test_the_numbers_on_the_page_are_those_of_the_data(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(TOOL), str(churnsim.DATA), str(tmp_path)], check=True, capture_output=True)
    [told] = blocks("text")
    assert compared(tmp_path) == told
