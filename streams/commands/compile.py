"""`segmenter compile`: the engine compiled ahead of its first use."""

import click

from streams.settings import cache_folder


@click.command("compile")
def command() -> None:
    """Compile the engine for this machine, where that has not been done.

    A worker does it when it starts, and a replay of a large file. Ahead of them it is done where an image is made: with
    NUMBA_CPU_NAME=generic and NUMBA_CPU_FEATURES= (empty), in the image too, the code runs on every processor of the
    family, as fast as any. It is kept in NUMBA_CACHE_DIR, or else where this user's caches are.

    \b
    Example:
        segmenter compile
        NUMBA_CACHE_DIR=/var/cache/segmenter segmenter compile
    """
    from streams.commands.engine import compile_now
    from streams.native.code import is_kept

    compile_now()
    click.echo(
        f"The engine is compiled, and kept in {cache_folder()}." if is_kept(cache_folder()) else "Nothing is kept."
    )
