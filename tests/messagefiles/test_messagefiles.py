"""Message files: what they mean, and every fault with its place."""

import json
import re
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
import yaml

from streams.core.language.changes import LATER as ASKED_LATER
from streams.core.rules.rulebook import Rulebook
from streams.errors import RuleError
from streams.messagefiles import load_messages, parse_messages
from streams.messagefiles.reading import HREF_HINT
from streams.messagefiles.schema import SCHEMAS, message_schema_text
from streams.rulefiles import load, parse
from streams.testing.message_stories import message_stories_beside, read_message_stories
from streams.testing.message_verdicts import tell_message

RULES: Final = Path(__file__).parents[2] / "rules"
BOOK: Final = parse(
    "segment: churn-risk\nenter: idle_days >= 7\ninclude: [plan, company.name]\n",
    "segment: quiet\nenter: idle_days >= 3\ninclude: [plan]\n",
    "tier: lifecycle\nlevels: {new: tenure_days < 14, old: otherwise}\n",
)
BASE: Final = "message: hi\non: enters churn-risk\ntitle: Hello\n"
TWO: Final = "variants: {a: {title: x}, b: {title: y}}\n"
FORGED: Final = f"this leads neither to https nor to a path of the page's own origin / {HREF_HINT}"
LATER: Final = f"asks for the profile / {ASKED_LATER}"
A_TIER: Final = (
    "`lifecycle` is a tier: nobody enters or leaves it / write `becomes` with one of lifecycle/new, lifecycle/old"
)
EDITOR: Final = jsonschema.Draft7Validator(json.loads(message_schema_text()))


def faults(text: str, book: Rulebook | None = BOOK) -> list[str]:
    """Each as `line:column: message / hint`."""
    with pytest.raises(RuleError) as error:
        parse_messages(book, text)
    return [
        f"{each.line}:{each.column}: {each.message} / {each.hint}".removesuffix(" / ") for each in error.value.faults
    ]


def test_a_whole_message_means_what_it_says() -> None:
    [message] = parse_messages(
        BOOK,
        BASE + "only: plan in ['pro', 'team']\nkind: banner\npages: ['/reports*']\ndelay: 2h\nwithdraw: true\n"
        "expires: 7d\ncap: {per_user: 1 in 14d}\ngroup: nudges\nquiet: 21:00-08:00\npriority: 50\nholdout: 10%\n"
        "body: '{{ company.name }}'\naction: {label: Go, href: '/r/{{ plan }}'}\ndata: {campaign: x}\n",
        caps="all: {per_user: 3 in 1d}\ngroups: {nudges: {per_user: 2 in 7d}}\nsalt: s\n",
    ).messages
    assert str(message.on[0]) == "enters churn-risk"
    assert message.only is not None
    assert [message.only({"plan": plan}) for plan in ("pro", "free")] == [True, False]
    assert (message.kind, message.pages, message.delay_ms) == ("banner", ("/reports*",), 7_200_000)
    assert (message.withdraw, message.priority, message.holdout) == (True, 50, 0.1)
    assert message.cap is not None
    assert message.cap[:2] == (1, 14 * 86_400_000)
    assert message.quiet == (21 * 60, 8 * 60)
    assert message.content[""].href is not None
    assert message.content[""].href.render({"plan": "a/b"}) == "/r/a%2Fb"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (BASE + "chanel: log\n", "4:1: there is no key `chanel` / did you mean `channel`?"),
        (BASE + "action: {lable: x, href: /x}\n", "4:10: there is no key `lable` / did you mean `label`?"),
        (BASE + "kind: popup\n", "4:7: this can only be 'card', 'banner' or 'modal'"),
        (BASE + "cap: {per_user: often}\n", "4:17: this is no cap / such as 1 in 14d: at most so many in so long"),
        (BASE + "quiet: 9-17\n", "4:8: these are no quiet hours / such as 21:00-08:00"),
        (BASE + "holdout: '0.1'\n", "4:10: this is no share / such as 10%"),
        (BASE + "withdraw: yes\n", "4:11: this can only be true or false / such as true"),
        (BASE + "priority: high\n", "4:11: a whole number belongs here / such as 50"),
        (BASE + "pages: [reports]\n", "4:9: this is no path / such as /reports*"),
        (BASE + "delay: soon\n", "4:8: this is no length of time / such as 30m, 2h or 1d"),
        (BASE + "delay: 31d\n", "4:8: it would have expired before its delay is over / such as expires: 7d"),
        (BASE + "endpoint: crm\n", "4:1: `endpoint` is of webhooks / channel: webhook"),
        (
            BASE + "channel: webhook\n",
            "4:10: to which endpoint? / such as endpoint: crm, one of webhooks.yaml",
        ),
        (BASE + "channel: log\nkind: card\n", "5:1: `kind` is of messages in the app / take it away"),
        (
            BASE + "only: plan == 'pro' and mrr > 5\n",
            "4:25: the change does not carry `mrr` / put it into the rule's `include`",
        ),
        (
            BASE + "only: idle_days > 5\n",
            f"4:7: `idle_days` {LATER}",
        ),
        (
            BASE + "only: count('X', days=3) > 5\n",
            f"4:7: `count` {LATER}",
        ),
        (BASE + "body: 'Hi {{ plam }}'\n", "4:14: the change does not carry `plam` / did you mean `plan`?"),
        (
            BASE + "action: {label: x, href: 'javascript:x'}\n",
            f"4:26: {FORGED}",
        ),
        (
            BASE + "action: {label: x, href: '//evil.example'}\n",
            f"4:26: {FORGED}",
        ),
        (BASE + TWO, "3:1: `title` stands beside `variants` / each variant says its own"),
        (
            "message: hi\non: enters churn-risk\nvariants: {a: {title: x}}\n",
            "3:1: one variant is none / write its title and body directly, or add another",
        ),
        ("message: hi\non: enters churn-risk\n", "1:1: `title` is missing / such as title: We miss you"),
        (
            "message: hi\non: enters chrun-risk\ntitle: x\n",
            "2:12: no rule makes a segment `chrun-risk` / did you mean `churn-risk`?",
        ),
        (
            "message: hi\non: [enters quiet, enters lifecycle]\ntitle: x\n",
            f"2:27: {A_TIER}",
        ),
        (
            "message: hi\non: becomes quiet\ntitle: x\n",
            "2:13: `quiet` is a segment, and nobody becomes it / write `enters quiet`",
        ),
        (
            "message: hi\non: enters lifecycle/old\ntitle: x\n",
            "2:12: `lifecycle/old` is a level / write `becomes lifecycle/old`",
        ),
        (
            "message: hi\non: churn-risk\ntitle: x\n",
            "2:5: this is no change of a segment / write `enters SEGMENT`, `leaves SEGMENT` or `becomes TIER/LEVEL`",
        ),
        (
            "message: hi\non: [enters churn-risk, enters quiet]\ntitle: '{{ company.name }}'\n",
            "3:20: the change does not carry `company.name` / put it into the rule's `include`",
        ),
    ],
)  # fmt: skip
def test_a_fault_says_where_it_is_and_what_to_write(text: str, fault: str) -> None:
    assert faults(text) == [fault]


def test_all_faults_are_told_at_once_of_all_files() -> None:
    with pytest.raises(RuleError) as error:
        parse_messages(BOOK, "message: a\non: enters quit\ntitel: x\n", BASE, BASE, caps="al: {per_user: 1 in 1d}\n")
    assert [each.message for each in error.value.faults] == [
        "there is no key `al`",
        "there is no key `titel`",
        "a message in hi.yaml is called `hi` already",
    ]


def test_nobody_would_ever_get_a_message_about_a_rule_in_shadow() -> None:
    dark = parse("segment: churn-risk\nenter: idle_days >= 7\nstate: shadow\n")
    assert faults(BASE, dark) == [
        "2:12: `churn-risk` is in shadow: nobody is told of it / make the rule live, or write `state: off` here"
    ]
    assert not parse_messages(dark, BASE + "state: off\n").messages[0].is_live


def test_a_file_is_called_as_its_message(tmp_path: Path) -> None:
    (tmp_path / "messages").mkdir()
    (tmp_path / "messages/hello.yaml").write_text(BASE)
    with pytest.raises(RuleError, match=r"the file of this message must be called hi\.yaml"):
        load_messages(tmp_path, BOOK)


def test_where_the_rules_have_faults_messages_are_held_against_none() -> None:
    assert parse_messages(None, BASE + "only: anything == 1\n").messages[0].name == "hi"
    assert faults(BASE + "chanel: log\n", None) == ["4:1: there is no key `chanel` / did you mean `channel`?"]


# ------------------------------------------------------------------------------------------ what ships


def test_the_messages_that_ship_are_right_and_off_and_have_stories() -> None:
    messages = load_messages(RULES, load(RULES))
    assert len(messages.messages) >= 6
    assert not any(message.is_live for message in messages.messages)
    assert {story.message for story in message_stories_beside(RULES)} == set(messages.by_name)


@pytest.mark.parametrize("story", message_stories_beside(RULES), ids=str)
def test_the_story_goes_as_told(story: Any) -> None:
    verdict = tell_message(story)
    assert verdict.agrees, str(verdict)


def test_a_story_that_goes_otherwise_shows_both_with_the_reason() -> None:
    messages = parse_messages(BOOK, BASE)
    changes, sent = "2026-03-15 09:00  ann  enters churn-risk", "2026-03-15 10:00  ann  sent"
    text = f"it waits:\n  changes: |\n    {changes}\n  messages: |\n    {sent}\n"
    [story] = read_message_stories("hi.stories.yaml", text, BOOK, messages, "hi")
    verdict = tell_message(story)
    assert not verdict.agrees
    assert "-  2026-03-15 10:00  ann  sent" in str(verdict)
    assert '+  2026-03-15 09:00  ann  sent  title="Hello"' in str(verdict)
    assert "(enters churn-risk at 2026-03-15T09:00:00.000Z)" in str(verdict)


@pytest.mark.parametrize(
    ("story", "fault"),
    [
        ("a:\n  changes: ''\n", "1:1: this story has no `messages`"),
        ("a:\n  changes: ''\n  messages: ''\n  unitl: x\n", "4:3: a story has no `unitl`"),
        ("a:\n  changes: ''\n  messages: |\n    2026-03-15  ann  send\n", "4:22: nothing is ever `send`"),
        ("a:\n  changes: ''\n  messages: |\n    2026-03-15  ann  sent  titel=x\n", "4:28: a message has no `titel`"),
        ("a:\n  messages: ''\n  changes: |\n    2026-03-15  ann  enters chrun-risk\n", "4:22: no rule makes a segment"),
        ("a:\n  messages: ''\n  changes: ''\n  until: soon\n", "4:10: `soon` cannot be read"),
        ("a: b\n", "1:1: this is no story"),
    ],
)
def test_a_fault_of_a_story_says_where_it_is(story: str, fault: str) -> None:
    with pytest.raises(RuleError) as error:
        read_message_stories("hi.stories.yaml", story, BOOK, parse_messages(BOOK, BASE), "hi")
    [found] = error.value.faults
    assert f"{found.line}:{found.column}: {found.message}".startswith(fault)


# -------------------------------------------------------------------------------------------- the schema


def as_an_editor_reads(text: str) -> Any:
    """As YAML 1.2, in which `on` and `off` are texts."""

    def read(value: Any) -> Any:
        match value:
            case dict():
                return {key: read(each) for key, each in value.items()}
            case list():
                return list(map(read, value))
            case "true" | "false":
                return value == "true"
        return float(value) if re.fullmatch(r"-?[0-9.]+", value) else value

    return read(yaml.load(text, Loader=yaml.BaseLoader))


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schema_that_is_checked_in_is_the_one_of_the_forms(name: str) -> None:
    assert (RULES / "messages" / name).read_text() == message_schema_text(name)


@pytest.mark.parametrize("path", sorted((RULES / "messages").glob("[!_]*[!s].yaml")), ids=lambda path: path.stem)
def test_an_editor_takes_what_ships(path: Path) -> None:
    if ".stories" not in path.name:
        EDITOR.validate(as_an_editor_reads(path.read_text()))


@pytest.mark.parametrize(
    "text",
    [
        "chanel: log\n",
        "kind: popup\n",
        "holdout: 0.1\n",
        "cap: {per_user: often}\n",
        "pages: [reports]\n",
        "priority: high\n",
    ],
)
def test_an_editor_refuses_what_check_refuses(text: str) -> None:
    assert not EDITOR.is_valid(as_an_editor_reads(BASE + text))
    assert faults(f"{BASE}{text}\n")


# ------------------------------------------------------------------------------------------- webhooks.yaml

BY_WEBHOOK: Final = "message: hi\non: enters quiet\nchannel: webhook\nendpoint: crm\n"
HOOKS: Final = "endpoints:\n  crm:\n    url: https://crm.example.com/hooks\n    secret: CRM_SECRET\n"


def test_endpoints_mean_what_their_file_says() -> None:
    more = ["segments: [churn-risk, lifecycle]", "headers: {X-Team: growth}", "live_only: true", "form: segment"]
    whole = HOOKS + "".join(f"    {line}\n" for line in more)
    messages = parse_messages(BOOK, BY_WEBHOOK, webhooks=whole)
    crm = messages.endpoints["crm"]
    assert (crm.url, crm.secrets) == ("https://crm.example.com/hooks", ("CRM_SECRET",))
    assert (crm.form, crm.live_only, crm.headers) == ("segment", True, {"X-Team": "growth"})
    assert crm.segments == frozenset({"churn-risk", "lifecycle"})
    assert messages.messages[0].endpoint == "crm"


def test_an_endpoint_may_have_two_secrets_and_get_all_changes() -> None:
    text = HOOKS.replace("CRM_SECRET", "[NEW, OLD]") + "    segments: all\n"
    crm = parse_messages(BOOK, webhooks=text).endpoints["crm"]
    assert (crm.secrets, crm.segments) == (("NEW", "OLD"), None)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (HOOKS.replace("url", "ulr"), "3:5: there is no key `ulr`"),
        (HOOKS.replace("CRM_SECRET", "whsec_abc+/="), "4:13: a secret does not stand in a file"),
        (HOOKS + "    segments: [chrun-risk]\n", "5:16: no rule makes a segment `chrun-risk`"),
        (HOOKS + "    headers: {Webhook-Id: x}\n", "5:15: this header cannot be set"),
        (HOOKS + "    form: json\n", "5:11: this can only be 'change' or 'segment'"),
        *(
            (HOOKS.replace("https://crm.example.com/hooks", url), "3:10: this is no address")
            for url in (
                *("ftp://x/", "https://u:p@x/", "//x", "http://127.1/", "http://2130706433/"),
                "http://0x7f.1/x",
            )
        ),
    ],
)
def test_a_fault_of_webhooks_yaml_says_where_it_is(text: str, fault: str) -> None:
    with pytest.raises(RuleError) as error:
        parse_messages(BOOK, webhooks=text)
    assert f"{error.value.faults[0].line}:{error.value.faults[0].column}: {error.value.faults[0].message}" == fault


def test_an_endpoint_that_is_misspelt_is_told_with_the_nearest() -> None:
    with pytest.raises(RuleError, match="there is no endpoint `cmr`") as error:
        parse_messages(BOOK, BY_WEBHOOK.replace("crm", "cmr"), webhooks=HOOKS)
    assert error.value.faults[0].hint == "did you mean `crm`?"
