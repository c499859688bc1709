"""How far a file has been read, on stderr, while somebody looks at it; nothing where nobody does."""

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn


def progress_bar() -> Progress:
    console = Console(stderr=True)
    percentage = TextColumn("{task.percentage:.0f} %")
    columns = TextColumn("{task.description}"), BarColumn(), percentage, TimeRemainingColumn()
    return Progress(*columns, console=console, disable=not console.is_terminal)
