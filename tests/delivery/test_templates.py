"""What a template may say, and what becomes of it whatever is put in."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.language.faults import ExpressionFaults
from streams.delivery.templates import FILTERS, TemplateFailed, template

CARRIED = ["first_name", "company.name", "mrr", "tags", "odd name", "trial_ends_at", "active"]
LONGEST = 300
MISSING = "is missing: `| default('..')` says what to write then"
VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
TRAITS = st.dictionaries(st.sampled_from(CARRIED), VALUES | st.lists(VALUES, max_size=5))
WORDS = ["{{", "}}", "{%", "%}", "if", "else", "endif", "for", "in", "set", "(", ")", "[", "]", "|", ".", ",", "~", "*"]
PARTS = [*WORDS, "+", "-", "/", "**", "%", "==", "<", "not", "and", "'x'", "9", "1e9", "__class__", *CARRIED, *FILTERS]


def rendered(source: str, longest: int = LONGEST, of_address: bool = False, **values: Any) -> str:
    return template(source, CARRIED, longest, of_address).render(values)


@pytest.mark.parametrize(
    ("source", "values", "text"),
    [
        ("Hello", {}, "Hello"),
        ("Hi {{ first_name }}", {"first_name": "Ann"}, "Hi Ann"),
        ("Hi {{ traits.first_name | default('there') }}", {}, "Hi there"),
        ("{{ company.name }}", {"company.name": "Acme"}, "Acme"),
        ("{{ traits.company.name | default('you') }}", {}, "you"),
        ("{{ traits['odd name'] }}", {"odd name": 1}, "1"),
        ("{{ mrr }} {{ mrr * 12 }} {{ mrr / 2 }}", {"mrr": 49.0}, "49 588 24.5"),
        ("{{ (mrr / 3) | round(2) }}", {"mrr": 10}, "3.33"),
        ("{{ tags | join(' and ') }} {{ tags }}", {"tags": ["a", "b"]}, "a and b a, b"),
        ("{% if mrr > 9 %}rich{% else %}poor{% endif %}", {"mrr": 10}, "rich"),
        ("{{ 'rich' if mrr > 9 else 'poor' }}", {"mrr": 1}, "poor"),
        ("{{ active }}", {"active": True}, "true"),
        ("{{ trial_ends_at | date }}", {"trial_ends_at": "2026-03-14T10:00:00Z"}, "14 March 2026"),
        ("{{ first_name }}", {"first_name": "<b>&{{ 7*7 }}"}, "<b>&{{ 7*7 }}"),
        ("{{ first_name }}", {"first_name": "a\x00\u202eb"}, "a  b"),
    ],
)
def test_what_the_change_carries_is_put_in(source: str, values: dict[str, Any], text: str) -> None:
    assert rendered(source, **values) == text


@pytest.mark.parametrize(
    ("source", "values", "reason"),
    [
        ("{{ first_name }}", {}, f"`first_name` {MISSING}"),
        (
            "{{ first_name }}",
            {"first_name": None},
            f"`first_name` {MISSING}",
        ),
        ("{{ company.name }}", {}, f"`name` {MISSING}"),
        ("{{ first_name * 3 }}", {"first_name": "Ann"}, "only numbers can be multiplied"),
        ("{{ mrr + 1 }}", {"mrr": "secret"}, "it cannot be worked out of values of these kinds"),
        ("{{ 1 / mrr }}", {"mrr": 0}, "it cannot be worked out of values of these kinds"),
        ("{{ mrr | round }}", {"mrr": "secret"}, "it cannot be worked out of values of these kinds"),
        ("{{ first_name | date }}", {"first_name": "secret"}, "what is no time has no `date`"),
        ("{{ first_name }}", {"first_name": "x" * 301}, "it makes more than 300 characters"),
    ],
)
def test_a_text_that_cannot_be_made_fails_with_a_reason_that_bears_no_value(
    source: str, values: dict[str, Any], reason: str
) -> None:
    with pytest.raises(TemplateFailed) as failed:
        rendered(source, **values)
    assert str(failed.value) == reason


@pytest.mark.parametrize(
    ("source", "place", "message", "hint"),
    [
        ("Hi {{ frist_name }}", "frist_name", "the change does not carry `frist_name`", "did you mean `first_name`?"),
        ("{{ plan }}", "plan", "the change does not carry `plan`", "put it into the rule's `include`"),
        ("a\n{{ traits.x.y }}", "y", "the change does not carry `x.y`", "put it into the rule's `include`"),
        ("{{ first_name.__class__ }}", "__class__", "the change does not carry `first_name.__class__`", ""),
        ("{{ mrr | replace('a', 'b') }}", "replace", "there is no `replace`", "there are default, "),
        ("{{ tags | join(mrr) }}", "join", "the options of `join` are written out, not put in", ""),
        ("{% for t in tags %}x{% endfor %}", "{%", "a loop is more than a message can do", "values, filters"),
        ("{% set x = 1 %}", "{%", "`set` is more than a message can do", ""),
        ("{{ mrr ** 9 }}", "{{", "`**` is more than a message can do", ""),
        ("{{ first_name.upper() }}", "{{", "a call is more than a message can do", ""),
        ("{{ ('a').upper }}", "{{", "this is more than a message can do", ""),
        ("{% include 'x' %}", "{%", "another file is more than a message can do", ""),
        ("{{ mrr", "{{", "unexpected end of template", ""),
        ("{{ " + "(" * 3_000, "{{", "this is nested too deeply", ""),
        ("{{ " + "-" * 3_000 + "1 }}", "{{", "this is nested too deeply", ""),
        ("x" * 4_001, "x", "this is longer than 4000 characters", ""),
        ("x" * 301, "x", "this is longer than 300 characters", ""),
    ],
)
def test_what_a_message_cannot_do_is_a_fault_with_its_place(source: str, place: str, message: str, hint: str) -> None:
    with pytest.raises(ExpressionFaults) as faults:
        template(source, CARRIED, LONGEST)
    fault = faults.value.faults[0]
    assert fault.message.startswith(message)
    assert fault.hint.startswith(hint)
    assert source[fault.offset :].startswith(place)


def test_a_name_and_a_part_of_it_cannot_both_be_read() -> None:
    with pytest.raises(ExpressionFaults, match="`company` cannot be read beside `company.name`"):
        template("{{ company }} {{ company.name }}", ["company", "company.name"], LONGEST)


def test_what_is_put_into_an_address_stays_one_part_of_it() -> None:
    assert rendered("/r/{{ first_name }}?q={{ mrr }}", of_address=True, first_name="/a?b#c&d é", mrr=7.0) == (
        "/r/%2Fa%3Fb%23c%26d%20%C3%A9?q=7"
    )


@given(st.lists(st.sampled_from(PARTS), max_size=25).map(" ".join) | st.text("{}%|()[]. 'ab*+-", max_size=40), TRAITS)
def test_whatever_is_written_and_put_in_there_is_a_text_or_a_word_why_not(source: str, values: dict[str, Any]) -> None:
    for of_address in (False, True):
        try:
            text = template(source, CARRIED, LONGEST, of_address).render(values)
        except (ExpressionFaults, TemplateFailed):
            continue
        assert len(text) <= LONGEST
