"""`segmenter merge`: what is refused before anybody is asked. What it does is for tests with workers."""

import pytest
from click.testing import CliRunner

from streams.cli import main

NOBODY_THERE = {"SEGMENTER_KAFKA": "127.0.0.1:1", "SEGMENTER_REDIS": "redis://127.0.0.1:1/0"}


@pytest.mark.parametrize(
    ("gone", "into", "why"),
    [("ann", "ann", "That is ann twice: name who is to be gone"), ("ann", "", "an id has 1 to 255 characters")],
)
def test_a_merge_that_can_never_be_is_refused_before_a_server_is_asked(gone: str, into: str, why: str) -> None:
    result = CliRunner().invoke(main, ["merge", gone, "--into", into], env=NOBODY_THERE)
    assert result.exit_code == 2
    assert why in result.stderr
