"""`python -m streams`: the same as the command `segmenter`."""

from streams.cli import main

if __name__ == "__main__":
    main(prog_name="segmenter")
