"""A message file switched on or off: nothing else of it changes, however it is written."""

import pytest

from streams.lifecycle.checking import check_files
from streams.messagefiles.switching import State, switched

RULE = "segment: vip\nenter: mrr >= 100"
TEXTS = [
    "message: hi\non: enters vip\nstate: off\ntitle: Hi\n",
    "message: hi\non: enters vip\nstate: live\ntitle: Hi\n",
    "message: hi\non: enters vip\ntitle: Hi",
    "# about\nmessage: hi  # its name\non: enters vip\nbody: |\n  state: off\n  state: live\ntitle: Hi\n",
    "title: Hi\nstate:   'off'   # until May\non: enters vip\nmessage: \"hi\"\n",
    'title: Hi\r\nstate: "off"\r\non: enters vip\r\nmessage: hi',
    "title: Hi\non: enters vip\nmessage: hi",
]


def is_live(text: str) -> bool:
    return check_files({"vip.yaml": RULE, "messages/hi.yaml": text}).messages.by_name["hi"].is_live


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("state", ["live", "off"])
def test_it_is_as_it_was_switched_and_back_again(text: str, state: State) -> None:
    changed = switched(text, state)
    assert is_live(changed) is (state == "live")
    assert switched(changed, state) == changed
    others = [line for line in text.splitlines() if not line.startswith("state:")]
    assert [line for line in changed.splitlines() if not line.startswith("state:")] == others
    assert ("# until May" in changed) is ("# until May" in text)
