"""How far files have been read: a bar each on stderr while somebody looks at it; nothing where nobody does."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from streams.eventfiles.decoded import Lines


@contextmanager
def read_so_far() -> Iterator[Callable[[int, int], object]]:
    """What it gives is to be called with how many bytes have been read, and of how many; before that there is no thread
    which shows it: a process may be forked."""
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = BarColumn(), TextColumn("{task.percentage:.0f} %"), TimeRemainingColumn()
    bars = Progress(*columns, console=Console(stderr=True), redirect_stdout=False)
    task = bars.add_task("", total=None)

    def show(read: int, of: int) -> None:
        bars.start()
        bars.update(task, completed=read, total=of or None)

    try:
        yield show
    finally:
        bars.stop()


@contextmanager
def reading(files: Sequence[Lines]) -> Iterator[Callable[[], object]]:
    """What it gives is to be called whenever some of a file has been read."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    percentage = TextColumn("{task.percentage:.0f} %")
    columns = TextColumn("{task.description}"), BarColumn(), percentage, TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), redirect_stdout=False) as bars:
        tasks = [(file, bars.add_task(file.name, total=file.size or None)) for file in files]

        def show() -> None:
            for file, task in tasks:
                bars.update(task, completed=file.position)

        yield show
