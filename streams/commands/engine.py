"""The engine of a command that plays files: as it is at first, and compiled once that pays.

What takes no longer than numba takes to be imported never asks for it. Where compiled code is kept it is read soon;
where there is none, the command first gets as far as it can in a part of the time that compiling takes.
"""

import sys

import click

from streams.native import code
from streams.native.later import compile_once_it_pays
from streams.settings import cache_folder

READ_AFTER_S, COMPILE_AFTER_S = 1.0, 8.0


def compile_later() -> None:
    compile_once_it_pays(compile_now, READ_AFTER_S if code.is_kept(cache_folder()) else COMPILE_AFTER_S)


def compile_now() -> None:
    from streams.native.build import compile_kernel

    compile_kernel(cache_folder(), tell)


def tell(done: int, of: int) -> None:
    """How far it is, on stderr: in one line that changes, or where that is no terminal, in one that stays."""
    if sys.stderr.isatty():
        text = f"\rCompiling the engine, once on this machine: {done} of {of} functions"
        click.echo(text, err=True, nl=done == of)
    elif not done:
        click.echo(f"Compiling the engine, once on this machine: {of} functions", err=True)
