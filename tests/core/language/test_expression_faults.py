"""Every fault of the rule language as a person sees it: `expression_faults.txt` is the list to read."""

import re
from pathlib import Path

import pytest

from streams.core.language.faults import ExpressionFaults
from streams.core.language.parser import parse
from streams.errors import Fault

CASES = re.findall(
    r"^>>> (?P<source>.*)\n(?P<faults>(?:.+\n)*)",
    Path(__file__).with_name("expression_faults.txt").read_text("utf-8"),
    re.MULTILINE,
)


def shown(source: str) -> str:
    with pytest.raises(ExpressionFaults) as error:
        parse(source, segments={"churn-risk", "power-user"}, tiers={"lifecycle"}, scores={"rfm"})
    faults = [
        Fault("rule", 1, fault.offset + 1, fault.message, source, fault.width, fault.hint)
        for fault in error.value.faults
    ]
    return "\n".join(map(str, faults))


@pytest.mark.parametrize(("source", "faults"), CASES, ids=[source for source, _ in CASES])
def test_a_fault_is_shown_as_the_list_has_it(source: str, faults: str) -> None:
    assert shown(source) + "\n" == faults
