"""How far files have been read: a bar each on stderr while somebody looks at it; nothing where nobody does."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from streams.eventfiles.arrivals import Lines


@contextmanager
def read_so_far() -> Iterator[Callable[[int, int], object]]:
    """What it gives is to be called with how many bytes have been read, and of how many."""
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = BarColumn(), TextColumn("{task.percentage:.0f} %"), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), redirect_stdout=False) as bars:
        task = bars.add_task("", total=None)
        yield lambda read, of: bars.update(task, completed=read, total=of or None)


@contextmanager
def reading(files: Sequence[Lines]) -> Iterator[Callable[[Lines], object]]:
    """What it gives is to be called with a file whenever some of it has been read."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    percentage = TextColumn("{task.percentage:.0f} %")
    columns = TextColumn("{task.description}"), BarColumn(), percentage, TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), redirect_stdout=False) as bars:
        # A file may be named twice.
        tasks = {id(file): bars.add_task(file.name, total=file.size or None) for file in files}
        yield lambda file: bars.update(tasks[id(file)], completed=file.position)
