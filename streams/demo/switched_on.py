"""The rules of the company: those of a folder with each message switched on, as they are there to be seen.

Comes in: a folder's files, which have no fault. Goes out: the same, in which all is as it was but the `state` of
messages that were off; and a folder of those, for the processes beside us. A message that may not be live, as it waits
for what is in shadow, stays off.
"""

import shutil
from pathlib import Path, PurePosixPath

from streams.errors import RuleError
from streams.lifecycle.checking import Checked, check_files
from streams.messagefiles.switching import switched
from streams.rulefiles.folder import Files, messages_in


def switched_on(checked: Checked) -> Checked:
    off = {message.name for message in checked.messages.messages if not message.is_live}
    paths = {path for path in messages_in(checked.files) if PurePosixPath(path).stem in off}
    while True:
        try:
            return check_files(_with(checked.files, paths))
        except RuleError as error:
            faulty = paths & {fault.file for fault in error.faults}
            if not faulty:
                raise
            paths -= faulty


def _with(files: Files, on: set[str]) -> Files:
    return {path: switched(text, "live") if path in on else text for path, text in files.items()}


def lay(files: Files, folder: Path) -> None:
    """Just these, in the place of what was there."""
    shutil.rmtree(folder, ignore_errors=True)
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
