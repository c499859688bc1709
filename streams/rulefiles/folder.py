"""The files of a rule folder.

Comes in: the path of a folder or of one file. Goes out: the rule files below it, in order, and the text of each; or all
texts at once, as `Files`, which is how a rulebook is kept (`streams.lifecycle`). What cannot be read is a fault. The
stories of a rule stand beside it, in `churn-risk.stories.yaml`; those of its folder `messages`, and the file
`webhooks.yaml`, are no rules but tell what is sent (`streams.messagefiles`). Hidden folders are passed over (a mounted
Kubernetes ConfigMap keeps copies in them); links to files are followed, as such a mount needs.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path, PurePath, PurePosixPath

from streams.errors import Fault, RuleError

SUFFIXES = (".yaml", ".yml")
STORIES = ".stories"  # before the suffix, in the names of files that tell what rules do
MAX_BYTES = 64 * 1024
MESSAGES = "messages"  # the folder of what is sent to users
WEBHOOKS = "webhooks.yaml"

Files = Mapping[str, str]
"""All of a folder's texts, by their paths in it: rules, messages, stories. `messages/come-back.yaml` -> its text."""


def find(path: Path) -> tuple[list[Path], list[Fault]]:
    """All `*.yaml` and `*.yml` files of rules, and what was in the way."""
    if not path.is_dir():
        return [path], []
    files, faults = _files_below(path)
    found = [file for file in files if _is_rule(file.relative_to(path))]
    if not found and not faults:
        faults.append(_no_rules(path))
    return found, faults


def read_files(path: Path) -> Files:
    """Every text of a folder; of a single file, its own and that of the stories beside it. Raises `RuleError`."""
    folder = path if path.is_dir() else path.parent
    paths, faults = _files_below(path) if path.is_dir() else ([path, *find_stories(path)], [])
    files: dict[str, str] = {}
    for each in paths:
        try:
            files[each.relative_to(folder).as_posix()] = read_text(each)
        except RuleError as error:
            faults += error.faults
    if faults:
        raise RuleError(faults)
    return files


def rules_in(files: Files) -> tuple[list[str], list[Fault]]:
    """The paths of the rules among them; that there are none is a fault."""
    found = [path for path in files if _is_rule(PurePosixPath(path))]
    return found, [] if found else [_no_rules(Path())]


def messages_in(files: Files) -> list[str]:
    """The paths of the messages among them."""
    paths = map(PurePosixPath, files)
    return [str(path) for path in paths if path.parts[0] == MESSAGES and not _tells_stories(path)]


def find_stories(path: Path) -> list[Path]:
    """The files of stories below a folder, or beside the file of one rule."""
    if path.is_dir():
        files = _files_below(path)[0]
        return [file for file in files if _tells_stories(file) and not _is_of_messages(file.relative_to(path))]
    beside = path.with_name(f"{path.stem}{STORIES}{path.suffix}")
    return [beside] if beside.is_file() else []


def find_messages(path: Path) -> tuple[list[Path], list[Fault]]:
    """The files of a folder's messages, stories left out; none beside the file of one rule."""
    folder = path / MESSAGES
    files, faults = _files_below(folder) if folder.is_dir() else ([], [])
    return [file for file in files if not _tells_stories(file)], faults


def find_message_stories(path: Path) -> list[Path]:
    """The files of stories beside a folder's messages."""
    folder = path / MESSAGES
    return [file for file in _files_below(folder)[0] if _tells_stories(file)] if folder.is_dir() else []


def rule_told_of(stories: Path) -> str:
    """The name of the rule that a file of stories stands beside."""
    return stories.stem.removesuffix(STORIES)


def _files_below(path: Path) -> tuple[list[Path], list[Fault]]:
    found: list[Path] = []
    faults: list[Fault] = []

    def unreadable(error: OSError) -> None:
        faults.append(_fault(Path(error.filename), f"this folder cannot be read: {error.strerror}"))

    for folder, folders, files in os.walk(path, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        links = [Path(folder, name) for name in folders if Path(folder, name).is_symlink()]
        faults += [_fault(link, "links to folders are not followed", "put the rules here") for link in links]
        found += [Path(folder, name) for name in files if _is_yaml(name)]
    return sorted(found), faults


def read_text(path: Path) -> str:
    """Raises `RuleError`."""
    if not os.path.lexists(path):
        raise RuleError(
            [_fault(path, "there is no such folder or file", "`segmenter init DIR` makes a folder of rules")]
        )
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise RuleError([_fault(path, "this is no file")])
        if status.st_size > MAX_BYTES:
            raise RuleError([_fault(path, f"this file is larger than {MAX_BYTES // 1024} KiB")])
        content = path.read_bytes()
    except OSError as error:
        raise RuleError([_fault(path, f"this cannot be read: {error.strerror}")]) from error
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        fault = Fault(shown(path), line, column, "from here on this is not UTF-8", hint="save the file as UTF-8")
        raise RuleError([fault]) from error


def shown(path: Path) -> str:
    """The path as text that any terminal can print."""
    return path.as_posix().encode(errors="replace").decode()


def _is_yaml(name: str) -> bool:
    return name.lower().endswith(SUFFIXES) and not name.startswith(".")


def _is_rule(in_folder: PurePath) -> bool:
    return not _tells_stories(in_folder) and not _is_of_messages(in_folder)


def _is_of_messages(in_folder: PurePath) -> bool:
    return in_folder.parts[0] in (MESSAGES, WEBHOOKS)


def _tells_stories(file: PurePath) -> bool:
    return file.stem.endswith(STORIES)


def _no_rules(path: Path) -> Fault:
    return _fault(path, "there are no rule files here", "a rule is a file like churn-risk.yaml")


def _fault(path: Path, message: str, hint: str = "") -> Fault:
    return Fault(shown(path), 0, 0, message, hint=hint)
