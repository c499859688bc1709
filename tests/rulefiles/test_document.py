"""YAML as text with places."""

import yaml
from hypothesis import given
from hypothesis import strategies as st

from streams.rulefiles.document import read

words = st.text(st.sampled_from("ab\"'\\#:é日 \n\t"), min_size=1, max_size=60)


def test_every_scalar_is_text() -> None:
    text = "segment: on\nmin_stay: 1_000\ndescription: ~\ninclude: [no, 1.0, 2026-11-22]\nlabels: {yes: 0x1F}\n"
    assert read("a.yaml", text).data == {
        "segment": "on",
        "min_stay": "1_000",
        "description": "~",
        "include": ["no", "1.0", "2026-11-22"],
        "labels": {"yes": "0x1F"},
    }


def test_windows_line_ends_and_a_byte_order_mark_are_no_matter() -> None:
    document = read("a.yaml", "\ufeffsegment: a\r\nenter: paying\r\n  and x = 3\r\n")
    assert document.data == {"segment": "a", "enter": "paying and x = 3"}
    fault = document.within(("enter",), 13, 1, "wrong")
    assert (fault.line, fault.column, fault.source) == (3, 9, "  and x = 3")


@given(words, st.sampled_from([None, "'", '"', "|", ">"]), st.booleans(), st.integers(10, 80))
def test_each_character_of_a_text_is_found_where_the_file_spells_it(
    value: str, style: str | None, unicode: bool, width: int
) -> None:
    text = yaml.dump({"a": value, "b": "end"}, default_style=style, allow_unicode=unicode, width=width)
    document = read("a.yaml", text)
    assert document.data["a"] == value
    for offset, char in enumerate(value):
        fault = document.within(("a",), offset, 1, "")
        found = text.splitlines()[fault.line - 1][fault.column - 1 :]
        assert char.isspace() or found.startswith((char, "\\"))


def test_a_fault_over_several_lines_is_underlined_to_the_end_of_the_first() -> None:
    document = read("a.yaml", "enter: count(\n  any\n  ) > 3\n")
    fault = document.within(("enter",), 0, 12, "wrong")
    assert (fault.line, fault.column, fault.width) == (1, 8, 6)


def test_a_line_is_shown_without_what_would_move_the_caret() -> None:
    fault = read("a.yaml", "enter: |\n  plan\t== 'a\u200bb'\n").within(("enter",), 8, 5, "wrong")
    assert str(fault) == "a.yaml:2:11: wrong\n    plan == 'a b'\n            ^^^^^"
