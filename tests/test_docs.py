"""The pages agree with the code: links, names, commands, settings, topics, reasons, and what they show as output.

What needs servers is in `tests/e2e/test_docs.py`; stories are told by `test_cases.py`, the language by
`test_reference.py`, records of tools by `sources/test_tools.py`.
"""

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from streams import rulefiles
from streams.cli import SUMMARIES, main
from streams.core.compiler.catalog import Catalog
from streams.core.events import Event, Reject
from streams.core.identities.aliases import NO_ROOM, NOT_KEPT, SHARED, TOO_LARGE, TOO_MANY, TOO_OLD
from streams.core.identities.linking import ERASED, REFUSED
from streams.kafka.publisher import home_partition
from streams.outputs.change import encode_change
from streams.settings import Settings
from streams.sources import profile_commands
from streams.sources.options import InputOptions
from streams.testing import changes
from streams.topics import TOPICS
from tests.decoders import Decoder
from tests.pages import DOCS, GENERATED, PAGES, ROOT, anchors, blocks, generated, links, parsed, without_blocks

README = ROOT / "README.md"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
CHANGES, FAULTS, OPERATE, SEMANTICS, START = (
    ROOT / f"docs/{name}.md" for name in ("changes", "faults", "operate", "semantics", "start")
)
HISTORY = ROOT / "docs/examples/events.jsonl"
CHURN_RISK = ROOT / "rules/churn-risk.yaml"
PACKAGES = [each.parent for each in sorted((ROOT / "streams").glob("*/**/__init__.py"))]
CODE = [*sorted((ROOT / "streams").rglob("*.py")), *sorted((ROOT / "tests").rglob("*.py"))]
SHARDS = re.findall(r"^\| `(.+?)` \| (\d+) \| (\d+) \|$", CHANGES.read_text(), re.MULTILINE)


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


# where things are


def test_the_readme_is_a_front_door() -> None:
    assert len(README.read_text().splitlines()) <= 150


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", [README, CONTRIBUTING, *DOCS], ids=name_of)
def test_every_path_that_is_named_is_there(page: Path) -> None:
    named = re.findall(r"`((?:streams|tests|rules|docs)/[^`\s<*{]+)`", without_blocks(page))
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_page_is_on_the_map() -> None:
    on_it = {(ROOT / "docs" / link).resolve() for link in links(ROOT / "docs/README.md")}
    assert on_it >= {page for page in DOCS if page.name != "README.md"}


def test_every_package_is_on_the_map_of_the_code() -> None:
    text = CONTRIBUTING.read_text()
    packages = [path.parent for path in CODE if path.name == "__init__.py" and path.parts[-2] != "streams"]
    rooms = {name_of(package) for package in packages if package.is_relative_to(ROOT / "streams")}
    assert {room for room in rooms if f"| `{room}/` |" not in text} == set()


@pytest.mark.parametrize("package", PACKAGES, ids=name_of)
def test_every_file_is_on_the_map_of_its_package(package: Path) -> None:
    """`__init__.py` says of each file beside it what it is. The map of `streams` itself is in CONTRIBUTING.md."""
    told = re.findall(r"\w+", ast.get_docstring(ast.parse((package / "__init__.py").read_text())) or "")
    files = {file.stem for file in package.glob("*.py")} - {"__init__", "__main__"}
    assert sorted(files - set(told)) == [], "say in __init__.py what they are"


def test_every_dependency_says_what_it_is_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = [
        *project["dependencies"],
        *(each for extra in project["optional-dependencies"].values() for each in extra),
    ]
    names = {re.split(r"[^\w-]", need)[0] for need in needed}
    rows = re.findall(
        r"^\| (.*?)(?: \(.*\))? \| .* \|$", CONTRIBUTING.read_text().split("## Dependencies")[1], re.MULTILINE
    )
    assert {name for row in rows[1:] for name in row.split(", ")} - {"hiredis", "---"} == names


def test_code_cites_pages_and_sections_that_are_there() -> None:
    cited = [
        (ROOT / page, anchor)
        for file in CODE
        for page, _, anchor in re.findall(r"\b(docs/[\w/]+\.md)(#([\w-]+))?", file.read_text())
    ]
    assert len(cited) > 20
    assert [page for page, _ in cited if not page.exists()] == []
    assert [(page, anchor) for page, anchor in cited if anchor and anchor not in anchors(page)] == []


# what is said of commands, settings, topics, logs


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_that_is_shown_is_one(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("rules", "docs"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    (tmp_path / "my-rules").mkdir()  # as docs/start.md has it
    (tmp_path / "changes.jsonl").touch()  # as docs/delivery.md has it
    monkeypatch.chdir(tmp_path)
    for block in blocks(page, "console"):
        for line in block.text.splitlines():
            command, _, made = line.removeprefix("$ ").partition(" > ")
            if made:
                (tmp_path / made).touch()
            if command.startswith("segmenter ") and not command.endswith(" --help"):
                parsed(command)


def test_the_commands_are_all_there() -> None:
    assert set(re.findall(r"^\| `segmenter (\S+)` \|", OPERATE.read_text(), re.MULTILINE)) == SUMMARIES.keys()


@pytest.mark.parametrize("part", GENERATED)
def test_what_is_made_from_the_code_is_up_to_date(part: str) -> None:
    stands, should = generated(part)
    assert stands == should, "python -m tests.pages"


def test_every_setting_that_a_page_names_is_one() -> None:
    known = {variable for variable, _, _ in Settings().rows()}
    for page in (README, *DOCS):
        assert set(re.findall(r"SEGMENTER_[A-Z_]+", page.read_text())) <= known, page


def test_the_topics_are_all_there() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| ((?:in|out|between)\b.*) \|$", OPERATE.read_text(), re.MULTILINE)
    assert {topic for topic, _ in rows} == {topic.name for topic in TOPICS}
    compacted = {topic.name for topic in TOPICS if topic.cleanup == "compact"}
    assert {topic for topic, text in rows if "compacted" in text} == compacted


def what_an_operator_may_see() -> list[str]:
    return re.findall(r"^\| (?:many )?`(.+?)`", FAULTS.read_text(), re.MULTILINE)


def test_what_an_operator_may_see_is_what_the_code_says() -> None:
    code = "\n".join(file.read_text() for file in CODE if file.is_relative_to(ROOT / "streams"))
    for message in what_an_operator_may_see():
        assert all(part.strip() in code for part in message.split("..")), message


def test_each_line_of_trouble_that_the_code_logs_is_told_what_to_do_about() -> None:
    """All but those that have no words of their own: what they carry has."""
    known = [part.strip() for line in what_an_operator_may_see() for part in line.split("..") if len(part.strip()) >= 8]
    for said in lines_of_trouble():
        words = max(re.split("%[a-z]", said), key=len).strip(" -:,")
        assert len(words) < 12 or any(part in said for part in known), said


def lines_of_trouble() -> Iterator[str]:
    for file in CODE:
        if file.is_relative_to(ROOT / "streams") and not file.is_relative_to(ROOT / "streams/demo"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in ("log.warning", "log.error"):
                    texts = [each.value for each in ast.walk(node.args[0]) if isinstance(each, ast.Constant)]
                    yield " ".join(text for text in texts if isinstance(text, str))


# what is said of records and changes


@pytest.mark.parametrize(("user", "of_four", "of_twelve"), SHARDS)
def test_a_users_shard_is_the_one_the_page_names(user: str, of_four: str, of_twelve: str) -> None:
    assert (home_partition(user, 4), home_partition(user, 12)) == (int(of_four), int(of_twelve))


def test_the_shards_formula_has_ten_examples() -> None:
    assert len(SHARDS) == 10


REASONS = re.findall(r"^\| `(\w+)` \| [^|]+ \| (?:`(.+)`)? ?\|$", SEMANTICS.read_text(), re.MULTILINE)
DECODER = Decoder(Catalog(rulefiles.load(CHURN_RISK)).reads, InputOptions(currency="EUR"))


def test_the_reasons_of_dead_letters_are_all_there() -> None:
    code = "\n".join(file.read_text() for file in CODE if file.is_relative_to(ROOT / "streams"))
    raised = set(re.findall(r'\b(?:Unusable|Reject)\(\s*"(\w+)"', code))
    assert {reason for reason, _ in REASONS} == raised


def test_the_reasons_for_which_what_comes_under_an_alias_reaches_nobody_are_all_there() -> None:
    reasons = {TOO_LARGE, TOO_MANY, TOO_OLD, NO_ROOM, SHARED, NOT_KEPT, ERASED, *REFUSED}
    part = SEMANTICS.read_text().partition("### Aliases")[2].partition("\n### ")[0]
    assert set(re.findall(r"^\| ([a-z ]+) \| (?:a|the|no|what waited) ", part, re.MULTILINE)) == reasons


@pytest.mark.parametrize(("reason", "record"), [pair for pair in REASONS if pair[1]])
def test_a_record_that_cannot_be_used_is_refused_for_the_reason_that_is_named(reason: str, record: str) -> None:
    decode = DECODER.billing if '"billing"' in record or '"object"' in record else DECODER.product
    refused = decode(record.encode(), None, None)
    assert isinstance(refused, Reject)
    assert refused.code == reason


def test_records_that_are_shown_can_be_used() -> None:
    [update] = blocks(SEMANTICS, "json")
    assert isinstance(DECODER.billing(update.text.replace("USD", "EUR").encode(), None, None), Event)
    for command in blocks(OPERATE, "json"):
        assert not isinstance(profile_commands.decode(command.text.encode(), None, None), Reject | None)


def replayed() -> list[dict[str, Any]]:
    """What `rules/churn-risk.yaml` makes of ann's history, as it is published."""
    records = [json.loads(line) for line in HISTORY.read_text().splitlines()]
    found = changes(rulefiles.load(CHURN_RISK), records, "2026-03-31")
    return [json.loads(encode_change(change, change.occurred_at + 41, 1_000)) for change in found]


def test_the_change_that_is_shown_is_the_first_of_the_example() -> None:
    [shown, memberships] = map(json.loads, (block.text for block in blocks(CHANGES, "json")))
    assert shown == replayed()[0]
    where = {"churn-risk": {"since": shown["occurred_at"], "ordinal": shown["ordinal"]}}
    assert memberships["segments"] == where
    assert (memberships["schema"], memberships["kind"], memberships["user_id"]) == (1, "user", "ann")


def test_the_readme_shows_parts_of_it() -> None:
    _, shown = (block.text for block in blocks(README, "json"))
    [whole, *_] = replayed()
    part = json.loads(shown)
    assert part["because"] == whole["because"][: len(part["because"])]
    assert part.items() >= {name: whole[name] for name in part.keys() - {"because"}}.items()


def test_as_many_rules_ship_as_the_readme_says() -> None:
    assert f"[{len(rulefiles.load(ROOT / 'rules').rules)} rules ship]" in README.read_text()


def test_the_fields_of_a_change_are_all_there() -> None:
    table = SEMANTICS.read_text().split("### Changes\n")[1].split("### Memberships\n")[0]
    rows = re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert named == replayed()[0].keys() | {"previous", "merged_into"}


def test_what_backtest_shows_is_what_the_command_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    page = ROOT / "docs/backtest.md"
    [shown], [command, *_] = blocks(page, "text"), blocks(page, "console")
    printed = CliRunner().invoke(main, command.text.split()[2:]).stdout
    assert printed == shown.text


def test_what_start_shows_is_what_the_command_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    [shown] = blocks(START, "text")
    [command, *_] = [
        line
        for block in blocks(START, "console")
        for line in block.text.splitlines()
        if line.startswith("$ segmenter replay")
    ]
    printed = CliRunner().invoke(main, command.split()[2:]).stdout
    assert shown.text.split() == printed.split()
