"""The command `segmenter`, also as `python -m streams`.

Ctrl-C while all is still being imported ends it at once and without a word: nothing has begun. From then on each
command knows what to do.
"""

import signal


def run() -> None:
    by_python = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # no shell has said to ignore it
    if by_python:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from streams.cli import main

    if by_python:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    main(prog_name="segmenter")


if __name__ == "__main__":
    run()
