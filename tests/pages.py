"""The pages that people read, as the tests read them: README.md, CONTRIBUTING.md, docs/ and what lies beside the rules.

Comes in: Markdown. Goes out: its blocks of code with where they stand, its links, its headings' anchors; and, by
`python -m tests.pages`, the parts of pages that are made from the code, put where they belong, and the schemas.
"""

import json
import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import click
import yaml
from prometheus_client import Histogram

from streams.cli import main
from streams.commands.options import HELP
from streams.core.language.reference import reference
from streams.monitoring.metrics import Spec
from streams.schemas.files import write
from streams.settings import PREFIX, Settings
from streams.state.collection import Collection, Form
from streams.state.format import DELIVERY, FORMATS, GROUP, SHARD
from streams.web.api.resources import described as described_api
from tests.billing_words import billing_tables

ROOT: Final = Path(__file__).parents[1]
DOCS: Final = sorted((ROOT / "docs").rglob("*.md"))
PAGES: Final = [
    *sorted(ROOT.glob("*.md")),
    *DOCS,
    *sorted((ROOT / "rules").rglob("*.md")),
    ROOT / "tests/cases/README.md",
]
API_DOCUMENT: Final = ROOT / "docs/openapi.json"
BLOCK: Final = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING: Final = re.compile(r"^#+ (.*)$", re.MULTILINE)
LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
FILE_BEFORE: Final = re.compile(r"`([^`\s]+\.\w+)`[^`]*:\s*$")


class Block(NamedTuple):
    """A block of code. file: which one it is, by the sentence before it, such as "Save this as `my-rules/a.yaml`:"."""

    language: str
    text: str
    line: int
    file: str | None


def blocks(page: Path, language: str = "") -> list[Block]:
    """In order; of one language, or all."""
    found = list(_blocks(page.read_text()))
    return [block for block in found if language in ("", block.language)]


def _blocks(text: str) -> Iterator[Block]:
    for match in BLOCK.finditer(text):
        before = text[: match.start()]
        *_, paragraph = before.strip().split("\n\n")
        named = FILE_BEFORE.search(paragraph)
        yield Block(match["language"], match["text"], before.count("\n") + 1, named[1] if named else None)


def without_blocks(page: Path) -> str:
    """Its prose alone."""
    return BLOCK.sub("", page.read_text())


def anchors(page: Path) -> set[str]:
    """What GitHub makes of its headings: `## What goes in` is `#what-goes-in`.

    >>> "what-goes-in" in anchors(ROOT / "docs" / "semantics.md")
    True
    """
    headings = HEADING.findall(without_blocks(page))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(page: Path) -> list[str]:
    """Those to places in this repository."""
    return [link for link in LINK.findall(without_blocks(page)) if not re.match(r"[a-z]+:", link)]


def parsed(line: str) -> click.Context:
    """A command line of `segmenter` as click takes it, not run; fails where it knows no such command or option."""
    program, name, *arguments = shlex.split(line)
    assert program == "segmenter", line
    context = click.Context(main, info_name="segmenter")
    command = main.get_command(context, name)
    assert command is not None, line
    return command.make_context(name, arguments, parent=context)


def settings_table() -> str:
    rows = [
        f"| `{variable}` | {f'`{default}`' if default else ''} | {HELP[variable.removeprefix(PREFIX).lower()]} |"
        for variable, default, _ in Settings().rows()
    ]
    return "\n".join(["| setting | default | is |", "| --- | --- | --- |", *rows]) + "\n"


def keys_table(collections: Iterable[Collection[Any, Any]]) -> str:
    rows = [f"| `{_key(each)}` | {each.form.value} | {each.holds} | {each.since} |" for each in collections]
    return "\n".join(["| key | is a | holds | since format |", "| --- | --- | --- | --- |", *rows]) + "\n"


def _key(collection: Collection[Any, Any]) -> str:
    """With the name that it ends with, where each has a key of its own."""
    name, _, _ = collection.holds.partition(" → ")
    return f"{collection.key}:<{name}>" if collection.form in (Form.SETS, Form.STRINGS, Form.FEEDS) else collection.key


def formats_table() -> str:
    rows = [f"| {number} | {brought} |" for number, brought in FORMATS.items()]
    return "\n".join(["| format | brought |", "| --- | --- |", *rows]) + "\n"


def metrics_table() -> str:
    from streams.runtime.counters import Durations
    from streams.runtime.metrics import SPECS

    return _of_metrics(SPECS, Durations())


def deliver_metrics_table() -> str:
    """Those that a worker does not have."""
    from streams.dispatch.metrics import SPECS
    from streams.runtime.metrics import SPECS as OF_WORKERS

    known = {spec.name for spec in OF_WORKERS}
    return _of_metrics([spec for spec in SPECS if spec.name not in known])


def web_metrics_table() -> str:
    from streams.web.metrics import REGISTRY

    found = [metric for metric in REGISTRY.collect() if metric.name.startswith("segmenter_collect")]
    rows = [f"| `{each.name}{'_total' * (each.type == 'counter')}` | {each.documentation} |" for each in found]
    return "\n".join(["| metric | is |", "| --- | --- |", *rows]) + "\n"


def _of_metrics(specs: Iterable[Spec[Any]], histograms: Iterable[Histogram] = ()) -> str:
    rows = [(spec.name, ", ".join(f"`{label}`" for label in spec.labels), spec.means) for spec in specs]
    for histogram in histograms:
        rows += [(metric.name, "a histogram", metric.documentation) for metric in histogram.collect()]
    said = [f"| `{name}` | {labels} | {means} |" for name, labels, means in rows]
    return "\n".join(["| metric | by | is |", "| --- | --- | --- |", *said]) + "\n"


def alerts_table() -> str:
    rules = yaml.safe_load((ROOT / "docs/monitoring/alerts.yml").read_text())["groups"][0]["rules"]
    said = [
        f"| `{rule['alert']}` | {rule['labels']['severity']} | {rule['annotations']['description']} |"
        f" {rule['annotations']['action']} |"
        for rule in rules
    ]
    return "\n".join(["| alert | is a | means | do |", "| --- | --- | --- | --- |", *said]) + "\n"


def api_table() -> str:
    rows = []
    for path, resource in described_api()["paths"].items():
        for method, asked in resource.items():
            names = [f"`{each['name']}`" for each in asked["parameters"] if each["in"] == "query"]
            rows.append(f"| `{method.upper()}` | `{path}` | {asked['summary']} | {', '.join(names)} |")
    return "\n".join(["| by | below `/api/v1` | tells | parameters |", "| --- | --- | --- | --- |", *rows]) + "\n"


def api_document() -> str:
    return json.dumps(described_api(), indent=2, ensure_ascii=False) + "\n"


# What stands on a page between two comments, and what it is made by.
GENERATED: Final[dict[str, tuple[Path, Callable[[], str]]]] = {
    "language": (ROOT / "docs/rules.md", reference),
    "settings": (ROOT / "docs/operate.md", settings_table),
    "shard": (ROOT / "docs/state.md", lambda: keys_table(SHARD)),
    "delivery": (ROOT / "docs/state.md", lambda: keys_table(DELIVERY)),
    "group": (ROOT / "docs/state.md", lambda: keys_table(GROUP)),
    "metrics": (ROOT / "docs/monitoring.md", metrics_table),
    "deliver metrics": (ROOT / "docs/monitoring.md", deliver_metrics_table),
    "web metrics": (ROOT / "docs/monitoring.md", web_metrics_table),
    "alerts": (ROOT / "docs/monitoring.md", alerts_table),
    "billing": (ROOT / "docs/sources.md", billing_tables),
    "formats": (ROOT / "docs/state.md", formats_table),
    "api": (ROOT / "docs/api.md", api_table),
}


def generated(part: str) -> tuple[str, str]:
    """A part as it stands on its page, comments and all, and as it should."""
    page, make = GENERATED[part]
    begin, end = f"<!-- begin: {part} -->", f"<!-- end: {part} -->"
    [stands] = re.findall(f"{begin}.*?{end}", page.read_text(), re.DOTALL)
    return stands, f"{begin}\n\n{make()}\n{end}"


def put_in_place() -> None:
    write(ROOT / "docs")
    API_DOCUMENT.write_text(api_document())
    for part, (page, _) in GENERATED.items():
        page.write_text(page.read_text().replace(*generated(part)))


if __name__ == "__main__":
    put_in_place()
